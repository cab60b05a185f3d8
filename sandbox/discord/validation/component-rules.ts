import { type FormIssue, type FormPath, issue, missing, tooMany } from '../model/form-issues.ts'
import { type Component, componentTypes, textsOf, walkComponents } from '../model/message.ts'
import { buttonSchemes, schemeIssues, webSchemes } from './links.ts'

const maximumComponents = 40
const maximumCharacters = 4000
const maximumRows = 5
const rowWidth = 5
const linkStyle = 5
const premiumStyle = 6
/** Rows, buttons and select menus; every later type needs Components V2. */
const lastLegacyType = 8

/** What Discord refuses of components although its published schema allows it. Paths begin at the message. */
export function componentIssues(
  components: readonly Component[],
  { componentsV2, fileNames }: { componentsV2: boolean; fileNames: readonly string[] },
): FormIssue[] {
  const customIds = new Set<string>()
  const ids = new Set<number>()
  const issues: FormIssue[] = []
  let count = 0
  walkComponents(components, (component, path) => {
    count += 1
    issues.push(...buttonIssues(component, path), ...selectIssues(component, path))
    issues.push(...mediaIssues(component, path, fileNames), ...rowIssues(component, path))
    const { type, custom_id: customId, id } = component
    if (!componentsV2 && type > lastLegacyType) {
      issues.push(issue([...path, 'type'], 'UNION_TYPE_CHOICES', 'Value of field "type" must be one of (1,).'))
    }
    if (customId && customIds.has(customId)) {
      issues.push(issue([...path, 'custom_id'], 'COMPONENT_CUSTOM_ID_DUPLICATED', 'Component custom id cannot be duplicated'))
    }
    if (id && ids.has(id)) issues.push(issue([...path, 'id'], 'COMPONENT_ID_DUPLICATED', 'Component id cannot be duplicated'))
    if (customId) customIds.add(customId)
    if (id) ids.add(id)
  })
  if (count > maximumComponents) {
    const reason = `The total number of components cannot exceed ${maximumComponents}`
    issues.push(issue(['components'], 'COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED', reason))
  }
  if (!componentsV2 && components.length > maximumRows) issues.push(tooMany(['components'], maximumRows))
  const characters = textsOf(components).reduce((sum, text) => sum + text.length, 0)
  if (characters > maximumCharacters) {
    const reason = `The total displayable text size of components cannot exceed ${maximumCharacters}`
    issues.push(issue(['components'], 'COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED', reason))
  }
  return issues
}

/** A link button has a URL, a premium button only an SKU, every other button a custom id. */
function buttonIssues(component: Component, path: FormPath): FormIssue[] {
  if (component.type !== componentTypes.button) return []
  if (component.style === premiumStyle) return premiumIssues(component, path)
  const [needed, excluded] = component.style === linkStyle ? (['url', 'custom_id'] as const) : (['custom_id', 'url'] as const)
  const issues: FormIssue[] = []
  if (!component[needed]) issues.push(missing([...path, needed]))
  if (component[excluded]) {
    const reason = 'A custom id and url cannot both be specified'
    issues.push(issue([...path, excluded], 'BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE', reason))
  }
  if (component.sku_id) issues.push(issue([...path, 'sku_id'], 'BUTTON_COMPONENT_SKU_ID', 'Only a premium button has an SKU'))
  if (!component.label && !component.emoji) issues.push(missing([...path, 'label']))
  return [...issues, ...schemeIssues(component.url, [...path, 'url'], buttonSchemes)]
}

/** Discord takes name, price and icon from the SKU. Its own codes for a field too many are not known. */
function premiumIssues(component: Component, path: FormPath): FormIssue[] {
  const issues = (['custom_id', 'label', 'url', 'emoji'] as const).flatMap((field) =>
    component[field] ? [issue([...path, field], 'BUTTON_COMPONENT_PREMIUM', `A premium button has no ${field}`)] : [],
  )
  return component.sku_id ? issues : [missing([...path, 'sku_id']), ...issues]
}

function selectIssues({ options = [] }: Component, path: FormPath): FormIssue[] {
  const seen = new Set<string>()
  return options.flatMap(({ value }, index) => {
    const repeated = seen.has(value)
    seen.add(value)
    const reason = 'The specified option value is already used'
    return repeated ? [issue([...path, 'options', index], 'SELECT_COMPONENT_OPTION_VALUE_DUPLICATED', reason)] : []
  })
}

function mediaIssues({ type, media, file, items = [] }: Component, path: FormPath, fileNames: readonly string[]): FormIssue[] {
  const references = [
    ...(media ? [{ url: media.url, path: [...path, 'media', 'url'] }] : []),
    ...(file ? [{ url: file.url, path: [...path, 'file', 'url'] }] : []),
    ...items.map((item, index) => ({ url: item.media.url, path: [...path, 'items', index, 'media', 'url'] })),
  ]
  return references.flatMap((reference) => {
    const { protocol } = new URL(reference.url)
    if (protocol === 'attachment:') {
      if (fileNames.includes(reference.url.slice('attachment://'.length))) return []
      const reason = `The referenced attachment ${reference.url} was not found in the message attachments`
      return [issue(reference.path, 'UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND', reason)]
    }
    return schemeIssues(reference.url, reference.path, type === componentTypes.file ? ['attachment'] : [...webSchemes, 'attachment'])
  })
}

/** A row holds up to five buttons or one select menu, never both. */
function rowIssues({ type, components = [] }: Component, path: FormPath): FormIssue[] {
  if (type !== componentTypes.actionRow) return []
  let width = 0
  return components.flatMap((inner, index) => {
    width += inner.type === componentTypes.button ? 1 : rowWidth
    if (width <= rowWidth) return []
    const reason = 'The specified component exceeds the maximum width'
    return [issue([...path, 'components', index], 'COMPONENT_LAYOUT_WIDTH_EXCEEDED', reason)]
  })
}
