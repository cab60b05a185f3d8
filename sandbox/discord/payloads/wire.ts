/**
 * A payload type of discord-api-types as it goes over the wire: plain numbers and texts instead of enum members, so that what this stand-in
 * says is written down here and not taken from the library that is to understand it.
 */
export type Wire<Payload> = Payload extends string
  ? string
  : Payload extends number
    ? number
    : Payload extends readonly (infer Item)[]
      ? Wire<Item>[]
      : Payload extends object
        ? { [Key in keyof Payload]: Wire<Payload[Key]> }
        : Payload
