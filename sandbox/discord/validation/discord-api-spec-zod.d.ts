/** The package ships its zod schemas without types. */
declare module 'discord-api-spec/zod' {
  interface SpecIssue {
    readonly code: string
    readonly path: readonly (string | number)[]
    /** For `invalid_union`: the issues of every branch. */
    readonly errors?: readonly (readonly SpecIssue[])[]
    /** For `invalid_value`: the allowed values. */
    readonly values?: readonly unknown[]
    readonly expected?: string
    readonly origin?: string
    readonly format?: string
    readonly minimum?: number
    readonly maximum?: number
  }
  interface SpecSchema {
    safeParse(value: unknown): { success: true; data: unknown } | { success: false; error: { issues: readonly SpecIssue[] } }
  }
  export const ApplicationCommandAutocompleteCallbackRequestSchema: SpecSchema
  export const ApplicationCommandResponseSchema: SpecSchema
  export const ApplicationCommandUpdateRequestSchema: SpecSchema
  export const AvailableLocalesEnumSchema: SpecSchema
  export const CreateMessageInteractionCallbackRequestSchema: SpecSchema
  export const ErrorResponseSchema: SpecSchema
  export const GatewayBotResponseSchema: SpecSchema
  export const GuildChannelResponseSchema: SpecSchema
  export const GuildWithCountsResponseSchema: SpecSchema
  export const IncomingWebhookRequestPartialSchema: SpecSchema
  export const IncomingWebhookUpdateRequestPartialSchema: SpecSchema
  export const InteractionCallbackResponseSchema: SpecSchema
  export const MessageCreateRequestSchema: SpecSchema
  export const MessageEditRequestPartialSchema: SpecSchema
  export const MessageResponseSchema: SpecSchema
  export const ModalInteractionCallbackRequestSchema: SpecSchema
  export const PongInteractionCallbackRequestSchema: SpecSchema
  export const PrivateApplicationResponseSchema: SpecSchema
  export const RatelimitedResponseSchema: SpecSchema
  export const ThreadResponseSchema: SpecSchema
  export const UpdateMessageInteractionCallbackRequestSchema: SpecSchema
  export const UserPIIResponseSchema: SpecSchema
}
