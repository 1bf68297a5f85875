/**
 * What there is to say about the host.
 *
 * @module
 */
import type { DriverMap } from "../../runtime/driver.ts";
import { connectionOf } from "./connection.ts";

export const hostFacts = {
  "connection.info": {
    run: (job) => {
      const { host, driver, uri } = connectionOf(job);
      return Promise.resolve({
        hostname: "test-host",
        hostUuid: host,
        driver,
        uri: uri.text,
        hypervisorVersion: "0.0.2",
        maxVcpus: 32,
        encrypted: false,
        secure: true,
      });
    },
  },
} satisfies DriverMap;
