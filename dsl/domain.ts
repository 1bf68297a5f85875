/**
 * What a domain's handle offers beside the registry's operations.
 *
 * @module
 */
import { ObjectHandle } from "./handle.ts";

/** What a domain's handle offers beside the registry's operations. */
export class DomainHandle extends ObjectHandle<"domain"> {
}
