package client

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Page asks for a part of a list.
type Page struct {
	Cursor string // of the page before; "": the first page
	Limit  int    // rows; 0: 50
}

func (p Page) query() url.Values {
	q := url.Values{}
	if p.Cursor != "" {
		q.Set("cursor", p.Cursor)
	}
	if p.Limit != 0 {
		q.Set("limit", strconv.Itoa(p.Limit))
	}
	return q
}

// CreateJob makes a job. It is made once, even when the client repeats the
// call.
func (c *Client) CreateJob(ctx context.Context, n NewJob) (CreatedJob, error) {
	return call[CreatedJob](ctx, c, http.MethodPost, path("jobs"), nil, n, NewIdempotencyKey())
}

// CreateJobOnce makes a job under a key of the caller's, who may repeat the call with it
// after a crash.
func (c *Client) CreateJobOnce(ctx context.Context, n NewJob, key string) (CreatedJob, error) {
	return call[CreatedJob](ctx, c, http.MethodPost, path("jobs"), nil, n, key)
}

// Job returns a job with its items.
func (c *Client) Job(ctx context.Context, jobID string) (Job, error) {
	return get[Job](ctx, c, path("jobs", jobID), nil)
}

// Filter says which jobs or items a list shows. The zero value is the first page of all.
type Filter struct {
	Page
	Status []string // any of them
	Query  string   // a part of a file name, SKU, GTIN, ASIN or title, or the beginning of an id
	Brand  string   // brand profile
	SKU    string
	From   time.Time // made then or later
	To     time.Time // made before

	Collection  string // those of a collection
	Channel     string // those that were ordered for a channel
	NeedsReview *bool  // items only: whether a person has yet to look
	Decision    string // items only: approved or rejected by people
	JobID       string // items only
}

func (f Filter) query() url.Values {
	q := f.Page.query()
	for name, v := range map[string]string{"status": strings.Join(f.Status, ","), "q": f.Query, "brand": f.Brand, "sku": f.SKU, "job_id": f.JobID, "collection_id": f.Collection, "channel": f.Channel, "decision": f.Decision} {
		if v != "" {
			q.Set(name, v)
		}
	}
	for name, t := range map[string]time.Time{"from": f.From, "to": f.To} {
		if !t.IsZero() {
			q.Set(name, t.UTC().Format(time.RFC3339Nano))
		}
	}
	if f.NeedsReview != nil {
		q.Set("needs_review", strconv.FormatBool(*f.NeedsReview))
	}
	return q
}

// Jobs returns a page of the tenant's jobs, newest first.
func (c *Client) Jobs(ctx context.Context, f Filter) (JobPage, error) {
	f.NeedsReview, f.Decision, f.JobID = nil, "", "" // of items
	return get[JobPage](ctx, c, path("jobs"), f.query())
}

// Items returns a page of the tenant's items of all jobs, newest first.
func (c *Client) Items(ctx context.Context, f Filter) (FoundItemPage, error) {
	return get[FoundItemPage](ctx, c, path("items"), f.query())
}

// JobItemsQuery says which of a job's items JobItems returns. The zero value is the first
// page of all.
type JobItemsQuery struct {
	Page
	Items        []string  // only these
	ChangedSince time.Time // those that changed then or later, or were decided on; zero: all
}

// JobItems returns a page of a job's items in brief, in the order of its request.
func (c *Client) JobItems(ctx context.Context, jobID string, j JobItemsQuery) (ItemPage, error) {
	q := j.Page.query()
	for _, id := range j.Items {
		q.Add("item_id", id)
	}
	if !j.ChangedSince.IsZero() {
		q.Set("changed_since", j.ChangedSince.UTC().Format(time.RFC3339Nano))
	}
	return get[ItemPage](ctx, c, path("jobs", jobID, "items"), q)
}

// JobItem returns an item with its timeline and variants.
func (c *Client) JobItem(ctx context.Context, jobID, itemID string) (Item, error) {
	return get[Item](ctx, c, path("jobs", jobID, "items", itemID), nil)
}

// CancelItem leaves an item out that has not ended.
func (c *Client) CancelItem(ctx context.Context, jobID, itemID string) error {
	_, err := call[OK](ctx, c, http.MethodPost, path("jobs", jobID, "items", itemID, "cancel"), nil, nil, NewIdempotencyKey())
	return err
}

// Enqueue queues the items whose photos have been uploaded. Repeated, it
// changes nothing.
func (c *Client) Enqueue(ctx context.Context, jobID string) error {
	_, err := call[OK](ctx, c, http.MethodPost, path("jobs", jobID, "enqueue"), nil, nil, NewIdempotencyKey())
	return err
}

// Cancel cancels the items that have not ended.
func (c *Client) Cancel(ctx context.Context, jobID string) error {
	_, err := call[OK](ctx, c, http.MethodPost, path("jobs", jobID, "cancel"), nil, nil, NewIdempotencyKey())
	return err
}

// Rename gives a job another name; "" takes it away.
func (c *Client) Rename(ctx context.Context, jobID, name string) (JobSummary, error) {
	return call[JobSummary](ctx, c, http.MethodPatch, path("jobs", jobID), nil, JobName{Name: name}, "")
}

// Retry tries a failed item again, as a new item.
func (c *Client) Retry(ctx context.Context, jobID, itemID string) (RetriedItem, error) {
	return call[RetriedItem](ctx, c, http.MethodPost, path("jobs", jobID, "items", itemID, "retry"), nil, nil, NewIdempotencyKey())
}

// Approve says that a finished picture may be used, and Reject that it may not: the
// job's next ZIP has it in its channel's folder, or not at all.
func (c *Client) Approve(ctx context.Context, jobID, itemID, note string) (Item, error) {
	return c.decide(ctx, jobID, itemID, "approve", note)
}

// Reject says that a finished picture may not be used.
func (c *Client) Reject(ctx context.Context, jobID, itemID, note string) (Item, error) {
	return c.decide(ctx, jobID, itemID, "reject", note)
}

func (c *Client) decide(ctx context.Context, jobID, itemID, verb, note string) (Item, error) {
	return call[Item](ctx, c, http.MethodPost, path("jobs", jobID, "items", itemID, verb), nil, Decision{Note: note}, NewIdempotencyKey())
}

// Reexport has variants of a finished item made anew from its stored layers, free of
// charge; no presets: all that it has.
func (c *Client) Reexport(ctx context.Context, jobID, itemID string, presets ...string) (Item, error) {
	return call[Item](ctx, c, http.MethodPost, path("jobs", jobID, "items", itemID, "exports"), nil, NewExports{Presets: presets}, NewIdempotencyKey())
}

// Delete deletes a job with all its pictures, permanently.
func (c *Client) Delete(ctx context.Context, jobID string) (Deletion, error) {
	return call[Deletion](ctx, c, http.MethodDelete, path("jobs", jobID), nil, nil, "")
}

// The paces at which Wait polls.
const (
	firstLook = 200 * time.Millisecond
	lastLook  = 2 * time.Second
)

// Wait polls a job until it has ended, and calls seen with each answer (nil: it
// doesn't).
func (c *Client) Wait(ctx context.Context, jobID string, seen func(Job)) (Job, error) {
	for pace := firstLook; ; pace = min(pace*5/4, lastLook) {
		j, err := c.Job(ctx, jobID)
		if err != nil {
			return j, err
		}
		if seen != nil {
			seen(j)
		}
		if j.Ended() {
			return j, nil
		}
		select {
		case <-ctx.Done():
			return j, ctx.Err()
		case <-time.After(pace):
		}
	}
}

// UploadURL returns a fresh URL to PUT an item's photo to. Filename "": the
// item's file name.
func (c *Client) UploadURL(ctx context.Context, r UploadRequest) (UploadURL, error) {
	return call[UploadURL](ctx, c, http.MethodPost, path("uploads", "sas"), nil, r, NewIdempotencyKey())
}

// Complete says that an item's photo has been PUT, and queues it. Repeated, it
// changes nothing.
func (c *Client) Complete(ctx context.Context, jobID, itemID string) error {
	_, err := call[OK](ctx, c, http.MethodPost, path("uploads", "complete"), nil, CompleteRequest{JobID: jobID, ItemID: itemID}, NewIdempotencyKey())
	return err
}

// busyWait is how long CompleteAll waits before it asks again for photos that a busy API
// turned away.
const busyWait = 2 * time.Second

// CompleteAll says that many items' photos have been PUT, and queues them. The answer
// says of each what came of it; those for which the API was busy are tried again, up to
// four times. Repeated, it changes nothing.
func (c *Client) CompleteAll(ctx context.Context, jobID string, itemIDs []string) (Completed, error) {
	var out Completed
	at := map[string]int{}
	for try := 1; ; try++ {
		r := CompleteRequest{JobID: jobID}
		for _, id := range itemIDs {
			r.Items = append(r.Items, CompleteItem{ItemID: id})
		}
		got, err := call[Completed](ctx, c, http.MethodPost, path("uploads", "complete"), nil, r, NewIdempotencyKey())
		if err != nil {
			return got, err
		}
		itemIDs = nil
		for _, it := range got.Items {
			i, ok := at[it.ItemID]
			if !ok {
				i = len(out.Items)
				at[it.ItemID], out.Items = i, append(out.Items, it)
			}
			out.Items[i] = it
			if !it.OK && it.Error != nil && it.Error.Again() {
				itemIDs = append(itemIDs, it.ItemID)
			}
		}
		if len(itemIDs) == 0 || try == maxTries {
			out.OK = !slices.ContainsFunc(out.Items, func(it CompletedItem) bool { return !it.OK })
			return out, nil
		}
		select {
		case <-ctx.Done():
			return out, ctx.Err()
		case <-time.After(busyWait):
		}
	}
}

// OutputURL returns a short-lived URL of an item's finished picture.
func (c *Client) OutputURL(ctx context.Context, itemID string) (Download, error) {
	return get[Download](ctx, c, path("downloads", itemID), nil)
}

// VariantURL returns a short-lived URL of an item's variant for a preset.
func (c *Client) VariantURL(ctx context.Context, itemID, preset string) (Download, error) {
	return get[Download](ctx, c, path("downloads", itemID, preset), nil)
}

// ExportFiles returns what a job's ZIP holds by now, file by file, also before it is made.
func (c *Client) ExportFiles(ctx context.Context, jobID string) (ExportFiles, error) {
	return get[ExportFiles](ctx, c, path("downloads", "jobs", jobID, "files"), url.Values{})
}

// ExportURL returns short-lived URLs of the parts of a job's ZIP.
func (c *Client) ExportURL(ctx context.Context, jobID string) (ExportDownload, error) {
	return get[ExportDownload](ctx, c, path("downloads", "jobs", jobID, "export"), nil)
}

// Presets lists the presets that variants can be made for.
func (c *Client) Presets(ctx context.Context) (PresetList, error) {
	return get[PresetList](ctx, c, path("presets"), nil)
}

// Scenes lists the scene types.
func (c *Client) Scenes(ctx context.Context) (SceneList, error) {
	return get[SceneList](ctx, c, path("scenes"), nil)
}

// BrandProfiles lists the tenant's brand profiles, default first.
func (c *Client) BrandProfiles(ctx context.Context) (BrandProfileList, error) {
	return get[BrandProfileList](ctx, c, path("brand-profiles"), nil)
}

// BrandProfile returns a brand profile.
func (c *Client) BrandProfile(ctx context.Context, id string) (BrandProfile, error) {
	return get[BrandProfile](ctx, c, path("brand-profiles", id), nil)
}

// BrandConsistency tells how much a brand's newest pictures look alike.
func (c *Client) BrandConsistency(ctx context.Context, id string) (Consistency, error) {
	return get[Consistency](ctx, c, path("brand-profiles", id, "consistency"), nil)
}

// CreateBrandProfile makes a brand profile.
func (c *Client) CreateBrandProfile(ctx context.Context, n NewBrandProfile) (BrandProfile, error) {
	return call[BrandProfile](ctx, c, http.MethodPost, path("brand-profiles"), nil, n, NewIdempotencyKey())
}

// ReplaceBrandProfile changes a brand profile as a whole.
func (c *Client) ReplaceBrandProfile(ctx context.Context, id string, n NewBrandProfile) (BrandProfile, error) {
	return call[BrandProfile](ctx, c, http.MethodPut, path("brand-profiles", id), nil, n, "")
}

// SaveBrandDraft keeps changes of a brand profile that are not live yet.
func (c *Client) SaveBrandDraft(ctx context.Context, id string, n NewBrandProfile) (BrandProfile, error) {
	return call[BrandProfile](ctx, c, http.MethodPut, path("brand-profiles", id, "draft"), nil, n, "")
}

// DropBrandDraft forgets a brand profile's changes that are not live.
func (c *Client) DropBrandDraft(ctx context.Context, id string) (BrandProfile, error) {
	return call[BrandProfile](ctx, c, http.MethodDelete, path("brand-profiles", id, "draft"), nil, nil, "")
}

// PublishBrandDraft makes a brand profile's draft live.
func (c *Client) PublishBrandDraft(ctx context.Context, id string) (BrandProfile, error) {
	return call[BrandProfile](ctx, c, http.MethodPost, path("brand-profiles", id, "publish"), nil, nil, NewIdempotencyKey())
}

// BrandVersions returns a brand profile as it was live before, the newest first.
func (c *Client) BrandVersions(ctx context.Context, id string) (BrandVersionList, error) {
	return get[BrandVersionList](ctx, c, path("brand-profiles", id, "versions"), nil)
}

// RestoreBrandVersion makes an earlier version of a brand profile live again.
func (c *Client) RestoreBrandVersion(ctx context.Context, id string, version int) (BrandProfile, error) {
	return call[BrandProfile](ctx, c, http.MethodPost, path("brand-profiles", id, "versions", strconv.Itoa(version), "restore"), nil, nil, NewIdempotencyKey())
}

// DeleteBrandLogo removes a brand's logo.
func (c *Client) DeleteBrandLogo(ctx context.Context, id string) (BrandProfile, error) {
	return call[BrandProfile](ctx, c, http.MethodDelete, path("brand-profiles", id, "logo"), nil, nil, "")
}

// DeleteBrandProfile deletes a brand profile.
func (c *Client) DeleteBrandProfile(ctx context.Context, id string) error {
	_, err := call[OK](ctx, c, http.MethodDelete, path("brand-profiles", id), nil, nil, "")
	return err
}

// Balance returns the tenant's credit.
func (c *Client) Balance(ctx context.Context) (Balance, error) {
	return get[Balance](ctx, c, path("billing", "balance"), nil)
}

// OwnKey returns the key that the client calls with. Callers without one get the
// problem api_key_not_found.
func (c *Client) OwnKey(ctx context.Context) (APIKey, error) {
	return get[APIKey](ctx, c, path("api-keys", "self"), nil)
}

// Usage returns what the tenant used in the last 30 days, by day, step or brand.
func (c *Client) Usage(ctx context.Context, by string) (UsagePage, error) {
	return get[UsagePage](ctx, c, path("billing", "usage"), url.Values{"by": {by}})
}

// CutoutURL returns a short-lived URL of an item's cut-out.
func (c *Client) CutoutURL(ctx context.Context, itemID string) (Download, error) {
	return get[Download](ctx, c, path("downloads", itemID, "cutout"), nil)
}
