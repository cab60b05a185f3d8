/** The id of a provider, as in its descriptor (providers/registry.ts); stored with every generation and attempt. */
export type ProviderId = string
