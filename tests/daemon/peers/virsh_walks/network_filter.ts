/**
 * What virsh is to do with network filters and their bindings, which neither test driver has.
 *
 * @module
 */
import type { Comparison } from "../../kit/virsh_comparison.ts";

/** The walks. */
export const filterWalks: Comparison = {
  documents: {
    "filter": "<filter name='mine' chain='root'/>",
    "binding": "<filterbinding><portdev name='vnet0'/><filterref filter='mine'/></filterbinding>",
  },
  walks: [
    [
      ...["nwfilter-list", "nwfilter-define @filter", "nwfilter-define @filter --validate"],
      ...["nwfilter-dumpxml mine", "nwfilter-undefine mine", "nwfilter-binding-list"],
      ...[
        "nwfilter-binding-create @binding",
        "nwfilter-binding-dumpxml vnet0",
        "nwfilter-binding-delete vnet0",
      ],
      ...["net-port-list default", "net-port-create default @binding"],
    ],
  ],
  differences: [],
};
