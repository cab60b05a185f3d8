import type { FormIssue } from '../model/errors.ts'
import { type Component, componentTypes, textsOf, walkComponents } from '../model/message.ts'

const maximumComponents = 40
const maximumCharacters = 4000
const linkStyle = 5
const premiumStyle = 6
const needsComponentsV2 = new Set<number>([
  componentTypes.section,
  componentTypes.textDisplay,
  componentTypes.thumbnail,
  componentTypes.mediaGallery,
  componentTypes.file,
  componentTypes.separator,
  componentTypes.container,
])

/** What Discord refuses of components although its published schema lets it pass. Paths begin at the message. */
export function componentIssues(
  components: readonly Component[],
  options: { componentsV2: boolean; fileNames: readonly string[] },
): FormIssue[] {
  const customIds = new Set<string>()
  const ids = new Set<number>()
  const issues: FormIssue[] = []
  let count = 0
  walkComponents(components, (component, path) => {
    count += 1
    issues.push(...buttonIssues(component, path), ...mediaIssues(component, path, options.fileNames), ...rowIssues(component, path))
    if (!options.componentsV2 && needsComponentsV2.has(component.type)) {
      issues.push({ path: [...path, 'type'], code: 'UNION_TYPE_CHOICES', message: 'Value of field "type" must be one of (1,).' })
    }
    if (component.custom_id) {
      if (customIds.has(component.custom_id)) {
        issues.push({
          path: [...path, 'custom_id'],
          code: 'COMPONENT_CUSTOM_ID_DUPLICATED',
          message: 'Component custom id cannot be duplicated',
        })
      }
      customIds.add(component.custom_id)
    }
    if (component.id) {
      if (ids.has(component.id))
        issues.push({ path: [...path, 'id'], code: 'COMPONENT_ID_DUPLICATED', message: 'Component id cannot be duplicated' })
      ids.add(component.id)
    }
  })
  if (count > maximumComponents) {
    issues.push({
      path: ['components'],
      code: 'COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED',
      message: `The total number of components cannot exceed ${maximumComponents}`,
    })
  }
  if (!options.componentsV2 && components.length > 5) {
    issues.push({ path: ['components'], code: 'BASE_TYPE_BAD_LENGTH', message: 'Must be 5 or fewer in length.' })
  }
  const characters = textsOf(components).reduce((sum, text) => sum + text.length, 0)
  if (characters > maximumCharacters) {
    issues.push({
      path: ['components'],
      code: 'COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED',
      message: `The total displayable text size of components cannot exceed ${maximumCharacters}`,
    })
  }
  return issues
}

function buttonIssues(component: Component, path: (string | number)[]): FormIssue[] {
  if (component.type !== componentTypes.button) return []
  const required = (field: string): FormIssue => ({ path: [...path, field], code: 'BASE_TYPE_REQUIRED', message: 'This field is required' })
  const issues: FormIssue[] = []
  if (component.style === linkStyle) {
    if (!component.url) issues.push(required('url'))
    if (component.custom_id) {
      issues.push({
        path: [...path, 'custom_id'],
        code: 'BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE',
        message: 'A custom id and url cannot both be specified',
      })
    }
  } else if (component.style === premiumStyle) {
    if (!component.sku_id) issues.push(required('sku_id'))
    return issues
  } else {
    if (!component.custom_id) issues.push(required('custom_id'))
    if (component.url) {
      issues.push({
        path: [...path, 'url'],
        code: 'BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE',
        message: 'A custom id and url cannot both be specified',
      })
    }
  }
  if (!component.label && !component.emoji) issues.push(required('label'))
  return issues
}

function mediaIssues(component: Component, path: (string | number)[], fileNames: readonly string[]): FormIssue[] {
  const references: { url: string; path: (string | number)[] }[] = []
  if (component.media) references.push({ url: component.media.url, path: [...path, 'media', 'url'] })
  if (component.file) references.push({ url: component.file.url, path: [...path, 'file', 'url'] })
  component.items?.forEach((item, index) => references.push({ url: item.media.url, path: [...path, 'items', index, 'media', 'url'] }))
  return references.flatMap((reference): FormIssue[] => {
    const { protocol } = new URL(reference.url)
    if (protocol === 'attachment:') {
      if (fileNames.includes(reference.url.slice('attachment://'.length))) return []
      return [
        {
          path: reference.path,
          code: 'UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND',
          message: `The referenced attachment ${reference.url} was not found in the message attachments`,
        },
      ]
    }
    if (component.type !== componentTypes.file && (protocol === 'https:' || protocol === 'http:')) return []
    return [{ path: reference.path, code: 'URL_TYPE_INVALID_SCHEME', message: `Scheme "${protocol.slice(0, -1)}" is not supported here.` }]
  })
}

/** A row holds up to five buttons or one select menu, never both. */
function rowIssues(component: Component, path: (string | number)[]): FormIssue[] {
  if (component.type !== componentTypes.actionRow) return []
  let width = 0
  return (component.components ?? []).flatMap((inner, index): FormIssue[] => {
    width += inner.type === componentTypes.button ? 1 : 5
    if (width <= 5) return []
    return [
      {
        path: [...path, 'components', index],
        code: 'COMPONENT_LAYOUT_WIDTH_EXCEEDED',
        message: 'The specified component exceeds the maximum width',
      },
    ]
  })
}
