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

	CollectionFinished = "collection.finished"
	ImportFinished     = "import.finished"
	ShareCommented     = "share.commented"
	ShareDecided       = "share.decided"
	CreditsLow         = "credits.low"
)

// Type is a kind of event, as the documentation lists it.
type Type struct {
	Name string
	Doc  string // when it happens, and what its data holds

	group bool // it is a collection's, an import's or a share link's, and no job's
}

// Types returns all types, in the order of a job's life. The data of an item's events also hold what the item says of
// its product: sku, gtin, asin, slot and title, each where it is known.
func Types() []Type {
	return []Type{
		{Name: JobCreated, Doc: "A job was made; data: items, their number"},
		{Name: ItemCompleted, Doc: "An item's picture is there; data: output_blob_path, needs_review"},
		{Name: ItemNeedsReview, Doc: "A person should look at an item's picture before it is used; for its cut-out, before the item's item.completed, or for a variant that its channel refuses, after it; data: review_reason"},
		{Name: ItemFailed, Doc: "An item failed for good; data: code"},
		{Name: ItemCancelled, Doc: "An item was cancelled, or its photo never came; data: code"},
		{Name: ItemRetried, Doc: "A failed item is tried again as another item; data: retry_of, the failed one's id"},
		{Name: ExportCompleted, Doc: "A job's ZIP is there, made anew after each retry and each decision that moves a picture; data: export_blob_path"},
		{Name: JobFinished, Doc: "All of a job's items and variants have ended, once a round; data: status"},
		{Name: CollectionFinished, Doc: "All jobs of a closed collection have ended and its ZIP is made, once; data: collection_id, name, status, and how many jobs and items there are", group: true},
		{Name: ImportFinished, Doc: "All rows of an import have ended, once; data: import_id, collection_id, name, status, and how many rows and items there are", group: true},
		{Name: ShareCommented, Doc: "A guest of a share link commented on a picture; data: share_id, name, job_id, item_id, guest, text", group: true},
		{Name: ShareDecided, Doc: "A guest of a share link approved or rejected a picture; data: share_id, name, job_id, item_id, guest, decision", group: true},
		{Name: CreditsLow, Doc: "A tenant's available credit fell below the operator's threshold, once until credit comes in, or a day has passed, and it falls again; it belongs to no job; data: available, threshold, in hundredths of a credit"},
	}
}

// grouped reports whether events of a type are a collection's or an import's, whose id
// they have in their row in place of a job's.
func grouped(name string) bool {
	for _, t := range Types() {
		if t.Name == name {
			return t.group
		}
	}
	return false
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
