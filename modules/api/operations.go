package api

import (
	"fmt"
	"slices"
	"strings"

	"github.com/opal-photo/opal/modules/billing"
	"github.com/opal-photo/opal/modules/billing/invoice"
	"github.com/opal-photo/opal/modules/blob"
	"github.com/opal-photo/opal/modules/brand"
	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/collection"
	"github.com/opal-photo/opal/modules/export"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/imagefile"
	"github.com/opal-photo/opal/modules/intake"
	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/preflight"
	"github.com/opal-photo/opal/modules/share"
	"github.com/opal-photo/opal/modules/tenant"
	"github.com/opal-photo/opal/modules/webhook"
)

// operation is a call's part of the document beside its route: its description,
// its own errors, and forms of its answer that huma doesn't know.
type operation struct {
	doc    string
	errors []*fault.Error
	types  []mediaType
}

// Errors of more than one call.
var (
	photoErrors = []*fault.Error{
		job.ErrUploadEmpty, job.ErrUploadClosed, job.ErrUploadsBusy, imagefile.ErrTooLarge, imagefile.ErrTooManyPixels, imagefile.ErrUnsupported,
		imagefile.ErrAnimated, imagefile.ErrCorrupt, blob.ErrUnavailable,
	}
	webhookErrors = []*fault.Error{webhook.ErrURL, webhook.ErrEvents, webhook.ErrDescription, webhook.ErrTooMany}
	payable       = []*fault.Error{billing.ErrCredits, billing.ErrDebt, billing.ErrBudget}
	orders        = with(payable, tenant.ErrBudgetSpent)
)

// undone says in a call's description which wishes are refused together.
const undone = " Wishes of one body that undo each other are refused, and errors names both: a shadow that is off and a strength above 0, softness, length or direction of it; anchor left or right and x, top or bottom and y; " +
	"a shadow that falls to within 45 degrees of where its light comes from."

// undoneInBrand says the same of a brand profile.
const undoneInBrand = undone + " So are light_direction and a light_angle, or a direction of the shadow, that are on the other side, and product_fill beside height_mm, which says how large products are shown, unless one of the looks is crop_original: scale goes with both."

func with(list []*fault.Error, more ...*fault.Error) []*fault.Error { return append(more, list...) }

// operations has a row for each operation; a test checks that none is missing.
var operations = map[string]operation{
	"createJob": {
		doc: "One item is made per photo and scene. With uploads, PUT each photo to its item's upload_url and complete all of them in one call; or name source_url; or send each photo to /v1/uploads/direct and call /enqueue." + undone +
			" An own background where generate_scene is false is refused, too; other scene_types only have a note then, as no scene is made.",
		errors: with(orders, job.ErrRequest, job.ErrFilename, job.ErrSceneType, picture.ErrProduct, picture.ErrSteering, channel.ErrPreset, channel.ErrSlot, brand.ErrNotFound, brand.ErrPlateNotFound, errNoQuotes, errField, intake.ErrAddress, intake.ErrProhibited, job.ErrNoSources,
			webhook.ErrURL, job.ErrNoCallbacks, collection.ErrNotFound, collection.ErrClosed, collection.ErrFull, job.ErrNoGroups, job.ErrName),
	},
	"listJobs":   {errors: []*fault.Error{job.ErrCursor, collection.ErrNotFound, channel.ErrNoChannel}},
	"listItems":  {doc: "For one list of what a person should look at: needs_review=true.", errors: []*fault.Error{job.ErrCursor, collection.ErrNotFound, channel.ErrNoChannel}},
	"getJob":     {doc: "Ask again until its status is completed, partial, failed or cancelled, with wait=30 to be answered when it is; or follow its events."},
	"enqueueJob": {doc: "Photos that are not usable are passed over. Repeated, it changes nothing.", errors: with(payable, blob.ErrUnavailable)},
	"cancelJob":  {doc: "Repeated, it changes nothing."},
	"renameJob":  {doc: "What people call the job stands in lists and titles; an empty name takes it away.", errors: []*fault.Error{job.ErrName}},
	"retryItem":  {errors: with(orders, job.ErrNotFailed, job.ErrRetried, job.ErrPhotoGone, job.ErrPlateGone)},
	"remakeItem": {
		doc: "The finished item stays as it is, and the job's ZIP holds the new picture in its place; of several that were made of one item the last to be completed counts, and superseded_by names it. An item that failed is tried again with the other scene or wishes. The scene's steps and variants are charged; the cut-out is there already. " +
			"What an engine can't follow is told in the new item's fidelity. The job opens again and ends again." + undone,
		errors: with(orders, job.ErrNotRemakable, job.ErrNoScene, job.ErrRemakes, job.ErrSceneType, job.ErrRequest, job.ErrPhotoGone, job.ErrPlateGone, job.ErrRetried, picture.ErrSteering, brand.ErrPlateNotFound),
	},
	"previewItem": {
		doc:    "It takes what remake takes, and answers a small picture, made now and kept nowhere, at no charge. OPAL's own scenes draw it: with a learned engine the picture will differ." + undone,
		errors: []*fault.Error{job.ErrNotRemakable, job.ErrNoCutout, job.ErrSceneType, job.ErrRequest, job.ErrPlateGone, picture.ErrSteering, brand.ErrPlateNotFound, ErrPreviewBusy, errNoPreviews, blob.ErrUnavailable},
	},
	"previewPhoto": {
		doc: "The photo is cut out and stood in each of the scenes, small, in the look of a brand; nothing is kept and nothing is charged. OPAL's own cut-out and scenes draw it: with learned engines the pictures will differ.",
		errors: []*fault.Error{ErrPreviewSize, errPreviewScenes, errPreviewBrand, errFileField, job.ErrSceneType, picture.ErrSteering, brand.ErrInvalid, brand.ErrPlateNotFound, imagefile.ErrUnsupported, imagefile.ErrCorrupt, imagefile.ErrAnimated,
			imagefile.ErrTooManyPixels, ErrPreviewBusy, errNoPreviews},
	},
	"approveItem": {doc: "It may be said again, and otherwise.", errors: []*fault.Error{job.ErrNotFinished, job.ErrDecided, job.ErrNote}},
	"rejectItem":  {doc: "It may be said again, and otherwise.", errors: []*fault.Error{job.ErrNotFinished, job.ErrDecided, job.ErrNote}},
	"exportItem": {
		doc: "After a channel's rule, a preset or the brand's rights changed, or for presets that the job didn't name. What would come out as it is stays as it is, so it may be called again. " +
			"The variants keep their files until the new ones are there; then the job's ZIP is made again. Presets that are new, or failed before, open the job until then. The item and the credits stay as they are.",
		errors: []*fault.Error{job.ErrNotExportable, channel.ErrPreset, export.ErrNoLayers, export.ErrRerenders},
	},
	"getCutout": {doc: "With wait it answers when the version that is being made is there, or after that many seconds."},
	"changeCutout": {
		doc: "Strokes and points change the part that they touch, up to where the colours change; a box takes away what lies outside. The hints are about the version that counts, and the new one counts when it is there: " +
			"the picture is put together and the variants are made again, and the job's ZIP follows. The item's status, its price and the job stay as they are; a decision about the former picture is forgotten. " +
			"One version is made at a time.",
		errors: []*fault.Error{picture.ErrHints, job.ErrHintsMissing, job.ErrNoCutout, job.ErrCutoutBusy, job.ErrVersions, job.ErrNoVersion, export.ErrNoLayers},
	},
	"listJobItems": {doc: "Small enough to follow a large job: read it once, then name in item_id those that its event stream says have changed, or ask now and then with changed_since: decisions are no events.", errors: []*fault.Error{job.ErrCursor}},
	"getJobItem":   {errors: []*fault.Error{job.ErrJobNotFound}},
	"cancelItem":   {doc: "Also one whose photo was refused or never came: its job need not wait for it. One that failed stays so and counts as cancelled, until a retry takes it back; its job's status stays. Repeated, it changes nothing.", errors: []*fault.Error{job.ErrItemEnded, job.ErrRetried}},
	"thumbnail": {
		doc: "It is made once and kept. Send as version what the item's picture or photo says, and the answer may be cached for a year. " +
			"A photo has one as soon as it is uploaded.",
		errors: []*fault.Error{job.ErrOutputMissing, job.ErrUploadMissing, job.ErrUploadsBusy, imagefile.ErrCorrupt, blob.ErrUnavailable}, types: []mediaType{{name: "image/webp"}},
	},
	"deleteJob": {},
	"jobEvents": {
		doc: "Events come with their type and an id; send the last one as Last-Event-ID to go on from there. The stream ends after the job's end, " +
			"after ten minutes, and when its key is revoked.",
		errors: []*fault.Error{errStreams}, types: []mediaType{{name: "text/event-stream", events: true}},
	},
	"listDeletions": {errors: []*fault.Error{job.ErrCursor}},
	"getDeletion":   {},
	"getRetention":  {doc: "Where the service keeps jobs for fewer days than what is said of imports and checks, these go as early."},

	"uploadURL":      {doc: "Each call gives a fresh URL, of which an item has at most 20 at a time. A repeat under an Idempotency-Key gives the same URL, which works for 15 minutes.", errors: []*fault.Error{job.ErrUploadClosed, job.ErrUploadURLs, job.ErrFilename}},
	"completeUpload": {doc: "The newest photo that was PUT counts. After an error the item stays created, with its error_code, and its job goes on until another photo is sent or the item is cancelled. With items the answer is 200, and names the error of each that has one.", errors: with(with(payable, photoErrors...), job.ErrUploadMissing, job.ErrFilename)},
	"directUpload":   {doc: "Photos of up to 25 MB.", errors: with(photoErrors, errFileField, errPhotoSize, job.ErrFilename)},

	"checkPicture": {
		doc: "Any picture, also one that OPAL didn't make. With a mask, or where no rule asks for the product, the answer is 200 with the verdicts; else it is 202, and a worker cuts the product out: ask for the check by its id. " +
			"A large picture, or one of many at the same time, may get 202 with a mask, too. Free of charge. The picture is deleted when the check has ended.",
		errors: with(photoErrors[3:], with(preflight.Errors(), errFileField, errPhotoSize, errDay, channel.ErrNoChannel, channel.ErrPreset, channel.ErrSlot)...),
	},
	"getPictureCheck": {doc: "With wait it answers when the check has ended, or after that many seconds. Results are kept for 30 days, or as long as finished jobs where that is shorter."},

	"createShare": {
		doc:    "Its URL is for people: guests see the finished pictures, comment on them and approve them, as far as the link allows. Calls of guests are limited by link and address, and the log says who did what.",
		errors: []*fault.Error{share.ErrWhat, share.ErrName, share.ErrExpiry, share.ErrTooMany, job.ErrJobNotFound, job.ErrItemNotFound, collection.ErrNotFound},
	},
	"listShares": {errors: []*fault.Error{share.ErrCursor}}, "revokeShare": {doc: "Its guests' calls are refused immediately. Repeated, it changes nothing."},
	"sharesLog":    {doc: "Decisions, comments and downloads."},
	"shareLog":     {doc: "The newest 500 lines. A link's log goes 90 days after its end."},
	"listComments": {}, "addComment": {errors: []*fault.Error{share.ErrText, share.ErrManyOfItem}},
	"guestLink": {}, "guestItems": {errors: []*fault.Error{job.ErrCursor}},
	"guestPicture":    {errors: []*fault.Error{job.ErrOutputMissing, blob.ErrUnavailable}, types: []mediaType{{name: "image/webp"}}},
	"guestComments":   {},
	"addGuestComment": {errors: []*fault.Error{share.ErrRight, share.ErrGuest, share.ErrText, share.ErrFull, share.ErrManyOfItem}},
	"decideAsGuest":   {doc: "It may be said again, and otherwise; the log keeps each.", errors: []*fault.Error{share.ErrRight, share.ErrGuest, share.ErrFull, job.ErrNotFinished, job.ErrDecided, job.ErrNote}},
	"guestDownload":   {errors: []*fault.Error{share.ErrRight, share.ErrFull, job.ErrOutputMissing, blob.ErrUnavailable}},

	"createCollection": {
		doc: "Jobs join it with collection_id when they are made, or by their ids. When it is closed and all of its jobs have ended, its ZIP is made, in parts, and collection.finished is sent, once. " +
			"A job may be in several collections. Deleting a job takes it out of them, with the ZIPs that hold its pictures.",
		errors: []*fault.Error{collection.ErrName, collection.ErrJob, collection.ErrTooMany},
	},
	"listCollections":     {errors: []*fault.Error{collection.ErrCursor}},
	"getCollection":       {doc: "With wait it answers when the collection has ended, or after that many seconds. Its jobs are GET /v1/jobs?collection_id=."},
	"listCollectionItems": {doc: "Small enough to follow a large collection: read its pages once, then ask now and then with changed_since for what changed.", errors: []*fault.Error{job.ErrCursor}},
	"addToCollection":     {doc: "Repeated, it changes nothing.", errors: []*fault.Error{collection.ErrJob, collection.ErrClosed, collection.ErrFull}},
	"closeCollection":     {doc: "Repeated, it changes nothing."},
	"remakeCollectionZIP": {doc: "After retries and decisions, or when a job was deleted and the ZIP with it. While one is being made it changes nothing.", errors: []*fault.Error{collection.ErrUnended, collection.ErrEmpty}},
	"deleteCollection":    {},
	"collectionExportURL": {errors: []*fault.Error{collection.ErrNoZIP}},

	"createImport": {
		doc: "CSV (comma, semicolon or tab; UTF-8, UTF-16 or Latin-1) or JSON lines, of up to 100,000 rows. Columns: file or url, sku, gtin, asin, slot, title, scene, prompt, brand, presets; product exports of Shopify, " +
			"WooCommerce and Google Merchant are recognised by their headings. Either name the table's url, or PUT it to upload_url and start the import. The answer comes immediately; the rows become jobs of at most 100 photos in a collection, " +
			"which has their ZIP. Photos that rows name by a file are PUT to the addresses of /uploads. When credits run out, or the budget of the key, the import is paused: resume it. import.finished is sent at the end, once.",
		errors: with(intake.FetchErrors[:2], intake.ErrImportName, intake.ErrImportFile, intake.ErrImportsFull, job.ErrRequest, job.ErrSceneType, channel.ErrPreset, brand.ErrNotFound, tenant.ErrBudgetSpent, blob.ErrUnavailable),
	},
	"previewImport": {
		doc: fmt.Sprintf("The table is read as the import reads it, to its end, and nothing is kept or ordered: which rows would become no picture, and why, the first %d photos, and the exact price as long as no more than %d kinds of orders come together. ", intake.Shown, maxQuotes) +
			"A table that is named by its url is fetched through the guard of imports. Rows without a picture cost nothing, and no photo is fetched: one that isn't there is told by the import.",
		errors: slices.Concat(intake.FetchErrors[:13], []*fault.Error{intake.ErrLookLarge, intake.ErrLookBusy, errTable, intake.ErrUnlike, job.ErrRequest, job.ErrSceneType, channel.ErrPreset, brand.ErrNotFound}, intake.TableErrors),
	},
	"listImports":  {errors: []*fault.Error{intake.ErrCursor}},
	"getImport":    {doc: "With wait it answers when the import has ended or is paused, or after that many seconds.", errors: []*fault.Error{blob.ErrUnavailable}},
	"startImport":  {doc: "Repeated, it changes nothing.", errors: []*fault.Error{intake.ErrTableMissing, intake.ErrTableLarge, intake.ErrImportEnded, blob.ErrUnavailable}},
	"resumeImport": {doc: "After credits were bought, for example. It goes on with the first row that is not an item.", errors: []*fault.Error{intake.ErrNotPaused, blob.ErrUnavailable}},
	"cancelImport": {doc: "Finished pictures stay. Repeated, it changes nothing.", errors: []*fault.Error{intake.ErrImportEnded, blob.ErrUnavailable}},
	"listImportUploads": {
		doc:    "Each call gives fresh addresses, of which a photo has at most 20 at a time. Complete the photos with POST /v1/uploads/complete, many in a call. Begin again at the first page for those that are left.",
		errors: []*fault.Error{intake.ErrCursor, job.ErrUploadURLs, blob.ErrUnavailable},
	},
	"listImportErrors": {errors: []*fault.Error{intake.ErrCursor, blob.ErrUnavailable}},
	"importErrorFile":  {doc: "Its columns are those that an import reads, one photo a row, and line, error_code and error.", errors: []*fault.Error{blob.ErrUnavailable}, types: []mediaType{{name: "text/csv", text: true}}},

	"outputURL":   {errors: []*fault.Error{job.ErrOutputMissing}},
	"originalURL": {errors: []*fault.Error{job.ErrOutputMissing}},
	"cutoutURL":   {errors: []*fault.Error{job.ErrOutputMissing}},
	"exportFiles": {doc: "For who packs some of a job's pictures alone: each file's path, its lines of the manifests and a URL."},
	"exportURL":   {doc: "After POST .../approve, .../reject, .../cutout or .../remake it is the ZIP before, with `outdated`, until the newer one is made some seconds later.", errors: []*fault.Error{job.ErrExportMissing}},
	"variantURL":  {errors: []*fault.Error{export.ErrNotFound}},

	"listBrandProfiles":   {},
	"createBrandProfile":  {doc: strings.TrimSpace(undoneInBrand), errors: []*fault.Error{brand.ErrInvalid, brand.ErrExists, brand.ErrTooMany, channel.ErrPreset, picture.ErrSteering}},
	"getBrandProfile":     {},
	"brandConsistency":    {doc: "Fill, centre, floor line, horizon, white point, exposure, and the shadows' angle and depth of the newest 500 pictures, measured when they were made. Pictures that were made anew are left aside for the new ones."},
	"replaceBrandProfile": {doc: "A field that is left out is emptied." + undoneInBrand, errors: []*fault.Error{brand.ErrInvalid, channel.ErrPreset, picture.ErrSteering}},
	"deleteBrandProfile":  {errors: []*fault.Error{brand.ErrDefault}},
	"saveBrandDraft":      {doc: "In the place of the draft before; a field that is left out is emptied. Previews show it; jobs follow it once it is published." + undoneInBrand, errors: []*fault.Error{brand.ErrInvalid, channel.ErrPreset, picture.ErrSteering}},
	"dropBrandDraft":      {doc: "Repeated, it changes nothing."},
	"publishBrandDraft":   {doc: "Jobs that are ordered from then on follow it; those that run keep what they were ordered with.", errors: []*fault.Error{brand.ErrNoDraft, brand.ErrInvalid, channel.ErrPreset, picture.ErrSteering}},
	"listBrandVersions":   {doc: "The newest 50. The one that is live is the profile itself."},
	"restoreBrandVersion": {doc: "It becomes a new version; the one that was live is kept, and a draft stays.", errors: []*fault.Error{brand.ErrVersionNotFound, brand.ErrInvalid, channel.ErrPreset, picture.ErrSteering}},
	"putBrandLogo":        {doc: "Any photo format; it is kept as a PNG of at most 512 pixels. It is shown to people and is in no picture.", errors: with(photoErrors[3:], errFileField, errPhotoSize, brand.ErrLogoLarge)},
	"getBrandLogo":        {errors: []*fault.Error{brand.ErrNoLogo}, types: []mediaType{{name: "image/png"}}},
	"deleteBrandLogo":     {doc: "Repeated, it changes nothing."},

	"createPlate": {
		doc:    "A photograph of up to 25 MB of a set or a place, without a product in it: at least 600 by 300 pixels, one side at most 4 times the other. It is kept as a JPEG with a longer side of 3,072 pixels at most: bytes, width and height are of that file. Its horizon, its floor and its light are estimated: look at them, and PATCH what is otherwise. Items name it in scene_types as plate:ID, and brand profiles in plates.",
		errors: with(photoErrors[3:], errFileField, errPhotoSize, brand.ErrPlateName, brand.ErrPlateFilename, brand.ErrPlatesFull, picture.ErrPlateSmall, picture.ErrPlateShape, picture.ErrPlateInvisible, imagefile.ErrEmpty),
	},
	"uploadPlate": {
		doc:    "PUT the photograph of up to 25 MB there, with the header x-ms-blob-type: BlockBlob, within 15 minutes, and complete the plate within the hour. A repeat under an Idempotency-Key gives the same plate.",
		errors: []*fault.Error{brand.ErrPlateName, brand.ErrPlateFilename, brand.ErrPlatesFull, blob.ErrUnavailable},
	},
	"completePlate": {
		doc:    "The photograph is judged and estimated as one that is sent with POST /v1/plates. Repeated, it answers with the plate. After an error another photograph can be PUT to the same URL, while it works; DELETE takes the upload back.",
		errors: with(photoErrors[3:], brand.ErrPlateMissing, brand.ErrPlateEmpty, brand.ErrPlateBusy, brand.ErrPlatesFull, picture.ErrPlateSmall, picture.ErrPlateShape, picture.ErrPlateInvisible, imagefile.ErrEmpty),
	},
	"listPlates": {}, "getPlate": {errors: []*fault.Error{blob.ErrUnavailable}},
	"correctPlate": {doc: "What is left out stays as it is; a horizon takes along what follows from it, and reset goes back to what was estimated. Pictures that are made from then on follow it.", errors: []*fault.Error{picture.ErrPlate, brand.ErrPlateName}},
	"deletePlate":  {doc: "Finished pictures keep what they show of it. While items that are not finished name it, it is deleted only with force, and they fail.", errors: []*fault.Error{brand.ErrPlateUsed, brand.ErrPlateWanted, blob.ErrUnavailable}},

	"listPresets": {}, "listScenes": {},

	"getSession":    {doc: "Answers without credentials, too: signed_in is false then, and sign_in is where a browser signs in.", errors: []*fault.Error{errIssuerDown}},
	"createSession": {doc: "The answer sets a cookie that scripts can't read; calls with it need no other credentials. The session has the scopes and the budget of the key, and ends with it. A session that the browser had ends.", errors: []*fault.Error{tenant.ErrKey, tenant.ErrDisabled, errNoKeySignIn, errCrossOrigin}},
	"endSession":    {doc: "Takes the cookie away. Repeated, it changes nothing.", errors: []*fault.Error{errCrossOrigin}},
	"listSessions":  {}, "revokeSession": {doc: "Its calls are refused immediately, and its event streams end within seconds."},

	"listKeys":  {},
	"ownKey":    {},
	"createKey": {errors: []*fault.Error{tenant.ErrScope, tenant.ErrExpiry, tenant.ErrKeysFull, tenant.ErrName, tenant.ErrBudget}},
	"revokeKey": {doc: "Its calls are refused immediately, and its event streams end within seconds."},

	"listEvents":   {doc: "An event is shown two seconds after it happened, so that a reader with a cursor misses none.", errors: []*fault.Error{job.ErrCursor}},
	"listWebhooks": {}, "getWebhook": {},
	"createWebhook": {
		doc: "Each event is POSTed as JSON with the headers webhook-id, webhook-timestamp and webhook-signature of Standard Webhooks. An answer of 200 to 299 within 15 seconds takes it; " +
			"else it is sent again, ten times in three days. Who has seen a webhook-id has seen the event: the same one may come twice. 410 disables the webhook.",
		errors: webhookErrors,
	},
	"replaceWebhook": {errors: webhookErrors[:3]}, "deleteWebhook": {},
	"pauseWebhook": {doc: "Repeated, it changes nothing."}, "enableWebhook": {doc: "What failed meanwhile is sent when it is replayed."},
	"rotateWebhook": {}, "testWebhook": {doc: "It is sent once, also to a paused or disabled webhook."},
	"listDeliveries": {errors: []*fault.Error{webhook.ErrCursor}}, "getDelivery": {errors: []*fault.Error{webhook.ErrDeliveryNotFound}},
	"replayDelivery":   {errors: []*fault.Error{webhook.ErrDeliveryNotFound, webhook.ErrBusy}},
	"replayDeliveries": {doc: "Without a body: all that failed in the last 30 days."},

	"listQueues":      {errors: []*fault.Error{errOperators}},
	"listDeadLetters": {errors: []*fault.Error{errOperators}}, "redriveDeadLetters": {errors: []*fault.Error{errOperators}}, "purgeDeadLetters": {errors: []*fault.Error{errOperators}},

	"getBalance":       {},
	"listTransactions": {errors: []*fault.Error{billing.ErrCursor}},
	"getUsage": {
		doc:    "Ask for CSV with Accept: text/csv.",
		errors: []*fault.Error{billing.ErrCursor, billing.ErrQuery}, types: []mediaType{{name: jsonType, schema: "UsagePage"}, {name: "text/csv", text: true}},
	},
	"getPrices": {}, "listPackages": {},
	"purchase":      {errors: []*fault.Error{billing.ErrPackage, billing.ErrOpenPayments, billing.ErrNoPayments, billing.ErrProvider, billing.ErrProviderRefused}},
	"listPayments":  {errors: []*fault.Error{billing.ErrCursor}},
	"getPayment":    {},
	"getInvoice":    {doc: "Ask for a PDF with Accept: application/pdf.", errors: []*fault.Error{billing.ErrInvoiceNotFound}, types: []mediaType{{name: jsonType, schema: "Invoice"}, {name: "application/pdf"}}},
	"refundPayment": {errors: []*fault.Error{billing.ErrRefund, billing.ErrNoPayments, billing.ErrProvider, billing.ErrProviderRefused}},
	"getCustomer":   {}, "putCustomer": {errors: []*fault.Error{invoice.ErrCustomer}},
	"getLimits": {}, "putLimits": {errors: []*fault.Error{billing.ErrLimits}},
	"mollieWebhook": {doc: "Anyone may call: the id that comes is only noted, and the provider is asked about it.", errors: []*fault.Error{errNotice, billing.ErrNotice}},

	"health": {}, "ready": {},
}
