package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// NewShare asks for a link by which people without an account look at pictures.
type NewShare struct {
	TenantID     string      `json:"tenant_id,omitempty" nullable:"true" doc:"The tenant; may be left out where the credentials name one" example:"default"`
	Name         string      `json:"name,omitempty" nullable:"true" maxLength:"120" doc:"For people, guests included" example:"Spring 2027, first look"`
	JobID        string      `json:"job_id,omitempty" nullable:"true" maxLength:"64" doc:"Shows this job's finished pictures; name a job, a collection or items" example:"0198f7a0-0000-7000-8000-000000000001"`
	CollectionID string      `json:"collection_id,omitempty" nullable:"true" maxLength:"64" doc:"Shows this collection's finished pictures"`
	Items        []ShareItem `json:"items,omitempty" nullable:"true" maxItems:"500" doc:"Shows these pictures"`
	Comment      bool        `json:"comment,omitempty" doc:"Guests may comment" example:"true"`
	Approve      bool        `json:"approve,omitempty" doc:"Guests may approve and reject; who makes such a link needs scope approve" example:"true"`
	Download     bool        `json:"download,omitempty" doc:"Guests may have the finished files; without it they see pictures of at most 1,280 pixels" example:"false"`
	ExpiresAt    *time.Time  `json:"expires_at,omitempty" nullable:"true" doc:"Within 366 days; left out: in 14 days" example:"2027-01-15T00:00:00Z"`
}

// ShareItem names a picture.
type ShareItem struct {
	JobID  string `json:"job_id" maxLength:"64" example:"0198f7a0-0000-7000-8000-000000000001"`
	ItemID string `json:"item_id" maxLength:"64" example:"0198f7a0-0000-7000-8000-000000000002"`
}

// Share is a link without its token.
type Share struct {
	ShareID      string     `json:"share_id" example:"0198f7a0-0000-7000-8000-000000000016"`
	Name         string     `json:"name" example:"Spring 2027, first look"`
	JobID        *string    `json:"job_id" doc:"null: it shows something else"`
	CollectionID *string    `json:"collection_id" doc:"null: it shows something else"`
	Items        int        `json:"items" doc:"Pictures that it names one by one" example:"0"`
	Comment      bool       `json:"comment" example:"true"`
	Approve      bool       `json:"approve" example:"true"`
	Download     bool       `json:"download" example:"false"`
	MadeBy       string     `json:"made_by" doc:"A person's or a key's name" example:"Ada"`
	CreatedAt    time.Time  `json:"created_at" example:"2026-11-27T09:30:00Z"`
	ExpiresAt    time.Time  `json:"expires_at" example:"2026-12-11T09:30:00Z"`
	RevokedAt    *time.Time `json:"revoked_at"`
	OpenedAt     *time.Time `json:"opened_at" doc:"When a guest last came, to the hour; null: never"`
}

// CreatedShare is a new link with its address.
type CreatedShare struct {
	Share
	URL string `json:"url" doc:"The link itself, which holds its token. It is shown this once." example:"https://opal.example.com/share#T0k3n"`
}

// SharePage is a page of a tenant's links, newest first.
type SharePage struct {
	Shares     []Share `json:"shares" nullable:"false"`
	NextCursor *string `json:"next_cursor" doc:"The cursor of the next page; null on the last"`
}

// ShareEntry is a line of a link's log.
type ShareEntry struct {
	Act     string    `json:"act" enum:"opened,commented,approved,rejected,downloaded" example:"approved"`
	ItemID  *string   `json:"item_id" doc:"null: the link was opened"`
	JobID   *string   `json:"job_id,omitempty" doc:"The picture's; absent where it is not there any more"`
	Picture string    `json:"picture,omitempty" doc:"The picture's SKU or file name; absent where it is not there any more" example:"CHAIR-04"`
	Guest   string    `json:"guest" doc:"The name that the guest gave; nobody has checked it" example:"Grace"`
	Address string    `json:"address" doc:"Where the call came from" example:"203.0.113.7"`
	At      time.Time `json:"at" example:"2026-11-27T09:30:00Z"`
}

// ShareLog is what guests did by a link, newest first.
type ShareLog struct {
	Entries []ShareEntry `json:"entries" nullable:"false"`
}

// Comment is what somebody wrote about a picture.
type Comment struct {
	CommentID string    `json:"comment_id" example:"0198f7a0-0000-7000-8000-000000000017"`
	Author    string    `json:"author" doc:"A guest's name is as the guest gave it" example:"Grace"`
	Guest     bool      `json:"guest" doc:"Written by a share link" example:"true"`
	Text      string    `json:"text" example:"Could the strap be a little brighter?"`
	At        time.Time `json:"at" example:"2026-11-27T09:30:00Z"`
}

// CommentList is what was written about a picture, oldest first.
type CommentList struct {
	Comments []Comment `json:"comments" nullable:"false"`
}

// NewComment writes about a picture.
type NewComment struct {
	TenantID string `json:"tenant_id,omitempty" nullable:"true" doc:"The tenant; may be left out where the credentials name one" example:"default"`
	Text     string `json:"text" minLength:"1" maxLength:"2000" example:"Could the strap be a little brighter?"`
}

// GuestComment is a guest's comment.
type GuestComment struct {
	Name string `json:"name" minLength:"1" maxLength:"80" doc:"The guest's" example:"Grace"`
	Text string `json:"text" minLength:"1" maxLength:"2000" example:"Could the strap be a little brighter?"`
}

// GuestDecision is a guest's decision about a picture.
type GuestDecision struct {
	Name     string `json:"name" minLength:"1" maxLength:"80" doc:"The guest's" example:"Grace"`
	Decision string `json:"decision" enum:"approved,rejected" example:"approved"`
	Note     string `json:"note,omitempty" nullable:"true" maxLength:"2000" example:"the strap is fine"`
	Seen     string `json:"seen,omitempty" nullable:"true" enum:"none,pending,approved,rejected" doc:"The review that the guest knows of: where somebody has decided otherwise since, nothing changes, and the answer is decided_meanwhile. Left out: the last decision counts" example:"pending"`
}

// GuestLink is what a guest is told of the link.
type GuestLink struct {
	Name      string    `json:"name" example:"Spring 2027, first look"`
	Comment   bool      `json:"comment" example:"true"`
	Approve   bool      `json:"approve" example:"true"`
	Download  bool      `json:"download" example:"false"`
	ExpiresAt time.Time `json:"expires_at" example:"2026-12-11T09:30:00Z"`
}

// GuestItem is a finished picture as a guest sees it.
type GuestItem struct {
	ItemID    string    `json:"item_id" example:"0198f7a0-0000-7000-8000-000000000002"`
	Filename  string    `json:"filename" example:"mug.jpg"`
	Title     *string   `json:"title" doc:"null: none"`
	SKU       *string   `json:"sku" doc:"null: none"`
	SceneType string    `json:"scene_type" example:"studio"`
	Review    string    `json:"review" enum:"none,pending,approved,rejected" doc:"What was decided" example:"none"`
	Note      string    `json:"note" doc:"Of who decided"`
	UpdatedAt time.Time `json:"updated_at" example:"2026-11-27T09:30:00Z"`
}

// GuestPage is a page of the pictures that a link shows, newest first.
type GuestPage struct {
	Items      []GuestItem `json:"items" nullable:"false"`
	NextCursor *string     `json:"next_cursor" doc:"The cursor of the next page; null on the last"`
	AsOf       time.Time   `json:"as_of" doc:"Ask with it as changed_since for what changed after this answer; some of what it holds comes twice" example:"2026-11-27T09:30:05Z"`
}

// CreateShare makes a link. Its URL is told this once.
func (c *Client) CreateShare(ctx context.Context, n NewShare) (CreatedShare, error) {
	return call[CreatedShare](ctx, c, http.MethodPost, path("shares"), nil, n, NewIdempotencyKey())
}

// Shares returns a page of the tenant's links, newest first, ended ones included. jobID chooses
// those that show pictures of a job; "": all.
func (c *Client) Shares(ctx context.Context, jobID string, p Page) (SharePage, error) {
	q := p.query()
	if jobID != "" {
		q.Set("job_id", jobID)
	}
	return get[SharePage](ctx, c, path("shares"), q)
}

// RevokeShare ends a link. Repeated, it changes nothing.
func (c *Client) RevokeShare(ctx context.Context, id string) error {
	_, err := call[OK](ctx, c, http.MethodDelete, path("shares", id), nil, nil, "")
	return err
}

// ShareLog returns what guests did by a link, newest first.
func (c *Client) ShareLog(ctx context.Context, id string) (ShareLog, error) {
	return get[ShareLog](ctx, c, path("shares", id, "log"), url.Values{})
}

// SharesLog returns what the guests of all share links did to pictures, newest first: up to
// limit lines, 1 to 100.
func (c *Client) SharesLog(ctx context.Context, limit int) (ShareLog, error) {
	return get[ShareLog](ctx, c, path("shares", "log"), url.Values{"limit": {strconv.Itoa(limit)}})
}

// Comments returns what was written about a picture, oldest first.
func (c *Client) Comments(ctx context.Context, jobID, itemID string) (CommentList, error) {
	return get[CommentList](ctx, c, path("jobs", jobID, "items", itemID, "comments"), url.Values{})
}

// AddComment writes about a picture.
func (c *Client) AddComment(ctx context.Context, jobID, itemID string, n NewComment) (Comment, error) {
	return call[Comment](ctx, c, http.MethodPost, path("jobs", jobID, "items", itemID, "comments"), nil, n, NewIdempotencyKey())
}
