/**
 * A payload type of discord-api-types with plain numbers and strings instead of enum members: the values are written down here and not
 * taken from the library that has to understand them.
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
