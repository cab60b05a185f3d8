/** A file that came with a request, as multipart form data. */
export interface UploadedFile {
  /** The form's field: `files[0]`. */
  field: string
  name: string
  contentType: string
  bytes: Buffer
}
