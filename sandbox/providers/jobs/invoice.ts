export type BillingReason = 'completed' | 'failed' | 'cancelled' | 'aborted'

export interface InvoiceLine {
  jobId: string
  /** 0 if the job was not billed; every ended job has a line. */
  amountMicroUsd: number
  reason: BillingReason
  /** ISO 8601, virtual. */
  at: string
}

export interface InvoiceSheet {
  lines: readonly InvoiceLine[]
  totalMicroUsd: number
}

/** The provider's bill, served at `GET /sandbox/invoice`. */
export class Invoice {
  readonly #lines: InvoiceLine[] = []

  add(line: InvoiceLine): void {
    this.#lines.push(line)
  }

  lineOf(jobId: string): InvoiceLine | undefined {
    return this.#lines.find((line) => line.jobId === jobId)
  }

  sheet(): InvoiceSheet {
    return { lines: [...this.#lines], totalMicroUsd: this.#lines.reduce((total, line) => total + line.amountMicroUsd, 0) }
  }
}
