package event

// The types of events. A new one is a row of Types and nothing else.
const (
	JobCreated    = "job.created"
	JobFinished   = "job.finished"
	ItemCompleted = "item.completed"
	ItemFailed    = "item.failed"
	ItemCancelled = "item.cancelled"
	ItemRetried   = "item.retried"
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
		{ItemFailed, "An item failed for good; data: code"},
		{ItemCancelled, "An item was cancelled, or its photo never came; data: code"},
		{ItemRetried, "A failed item is tried again as another item; data: retry_of, the failed one's id"},
		{JobFinished, "All of a job's items and variants have ended, once a round; data: status"},
	}
}

// known reports whether a type is a row of Types.
func known(name string) bool {
	for _, t := range Types() {
		if t.Name == name {
			return true
		}
	}
	return false
}
