// Package crashpoint names the places at which a crash would hurt most: between
// an effect and its record, between a record and its message. A build with the
// tag chaos can be told to kill itself there; in every other build a point does
// nothing.
package crashpoint

// The points, in the order in which a photo passes them.
const (
	UploadMarked   = "upload.marked"   // the item has its photo and is not queued
	JobQueued      = "job.queued"      // the item is queued, its message in the outbox
	OutboxTaken    = "outbox.taken"    // a relay holds the row and has not sent it
	OutboxSent     = "outbox.sent"     // the message is sent and the row not marked
	ItemClaimed    = "item.claimed"    // the item is processing
	ArtifactStored = "artifact.stored" // a step's picture is stored and not recorded
	SceneScored    = "scene.scored"    // the scoring service has answered
	StepRecorded   = "step.recorded"   // a step's checkpoint is written
	ItemCompleted  = "item.completed"  // the item is completed, its message not done with
	MessageHandled = "message.handled" // a handler is done and the message not completed
	ExportClaimed  = "export.claimed"
	ExportStored   = "export.stored" // a variant's file is stored and not recorded
	ExportRecorded = "export.recorded"
	BundleStored   = "bundle.stored"   // the ZIP is stored and not recorded
	WebhookSpread  = "webhook.spread"  // an event's deliveries are written and none is sent
	WebhookClaimed = "webhook.claimed" // a delivery is held and not sent
	WebhookSent    = "webhook.sent"    // the endpoint has answered and its answer is not recorded
	ImportFetched  = "import.fetched"  // an import's table is kept and not read
	ImportCounted  = "import.counted"  // its rows are counted and none is a job
	ImportOrdered  = "import.ordered"  // a job of its rows is made and not recorded
	ImportRecorded = "import.recorded" // the jobs of a window of rows are recorded, and the next is not begun
	ImportEnded    = "import.ended"    // all rows are jobs
	PaymentBegun   = "payment.begun"   // the payment's row is written and Mollie was not called yet
	PaymentCreated = "payment.created"
	PaymentNoted   = "payment.noted"   // a webhook's id is noted
	PaymentFetched = "payment.fetched" // the payment is paid at Mollie and not booked yet
	PaymentBooked  = "payment.booked"  // credits and invoice are written
)

// Points returns all points.
func Points() []string {
	return []string{
		UploadMarked, JobQueued, OutboxTaken, OutboxSent, ItemClaimed, ArtifactStored, SceneScored, StepRecorded, ItemCompleted, MessageHandled,
		ExportClaimed, ExportStored, ExportRecorded, BundleStored,
		WebhookSpread, WebhookClaimed, WebhookSent,
		ImportFetched, ImportCounted, ImportOrdered, ImportRecorded, ImportEnded,
		PaymentBegun, PaymentCreated, PaymentNoted, PaymentFetched, PaymentBooked,
	}
}

// Variable is the environment variable that names the point and the hit at which
// a chaos build kills itself, such as "item.claimed:3". With "scene.scored:panic:5"
// it panics at each of the first five hits instead.
const Variable = "OPAL_CRASH_AT"
