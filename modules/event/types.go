package event

// The types of events. A new one is a row of Types and nothing else.
const (
	JobCreated      = "job.created"
	JobFinished     = "job.finished"
	ItemCompleted   = "item.completed"
	ItemNeedsReview = "item.needs_review"
	ItemFailed      = "item.failed"
	ItemCancelled   = "item.cancelled"
	ItemRetried     = "item.retried"
	ExportCompleted = "export.completed"
)

// Type is a kind of event, as the documentation lists it.
type Type struct {
	Name string
	Doc  string // when it happens, and what its data holds
}

// Types returns all types, in the order of a job's life. The data of an item's events also hold what the item says of
// its product: sku, gtin, asin, slot and title, each where it is known.
func Types() []Type {
	return []Type{
		{JobCreated, "A job was made; data: items, their number"},
		{ItemCompleted, "An item's picture is there; data: output_blob_path, needs_review"},
		{ItemNeedsReview, "A person should look at an item's picture before it is used; for its cut-out, before the item's item.completed, or for a variant that its channel refuses, after it; data: review_reason"},
		{ItemFailed, "An item failed for good; data: code"},
		{ItemCancelled, "An item was cancelled, or its photo never came; data: code"},
		{ItemRetried, "A failed item is tried again as another item; data: retry_of, the failed one's id"},
		{ExportCompleted, "A job's ZIP is there, made anew after each retry and each decision that moves a picture; data: export_blob_path"},
		{JobFinished, "All of a job's items and variants have ended, once a round; data: status"},
	}
}

// Known reports whether a type is a row of Types.
func Known(name string) bool {
	for _, t := range Types() {
		if t.Name == name {
			return true
		}
	}
	return false
}
