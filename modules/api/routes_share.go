package api

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/opal-photo/opal/modules/client"
	"github.com/opal-photo/opal/modules/collection"
	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/share"
	"github.com/opal-photo/opal/modules/telemetry"
	"github.com/opal-photo/opal/modules/tenant"
)

// Shares keeps the share links; see share.Service.
type Shares interface {
	Create(ctx context.Context, n share.New) (l share.Link, token string, err error)
	List(ctx context.Context, tenantID, target, cursor string, limit int) (all []share.Link, next string, err error)
	Revoke(ctx context.Context, tenantID, shareID string) error
	Log(ctx context.Context, tenantID, shareID string) ([]share.Entry, error)
	// Lately returns what the guests of all of a tenant's links did to pictures, newest first.
	Lately(ctx context.Context, tenantID string, limit int) ([]share.Entry, error)
	Comments(ctx context.Context, tenantID, itemID string) ([]share.Comment, error)
	// Counts returns how many comments pictures have, those that have any.
	Counts(ctx context.Context, tenantID string, itemIDs []string) (map[string]int, error)
	// Open returns the link of a token; the others are what its guests do.
	Open(ctx context.Context, token string) (share.Link, error)
	Items(ctx context.Context, shareID string) ([]share.Item, error)
	Came(ctx context.Context, l share.Link, v share.Visit) error
	Did(ctx context.Context, l share.Link, act string, it share.Item, v share.Visit) error
	Say(ctx context.Context, l share.Link, it share.Item, v share.Visit, text string) (share.Comment, error)
}

const tagShares = "Share links"

// sharePath is where the console shows a link's pictures.
const sharePath = "/share"

type newShareInput struct {
	TenantQuery
	Body client.NewShare
}

type createdShareOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         client.CreatedShare
}

type sharesInput struct {
	PageQuery
	JobID        string `query:"job_id" maxLength:"64" doc:"Only links that show pictures of this job"`
	CollectionID string `query:"collection_id" maxLength:"64" doc:"Only links that show this collection"`
}

// SharePath is the path parameter of a link.
type SharePath struct {
	TenantQuery
	ID string `path:"share_id" doc:"The link" example:"0198f7a0-0000-7000-8000-000000000016"`
}

type sharesLogInput struct {
	TenantQuery
	Limit int `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"lines of the answer"`
}

type commentInput struct {
	JobItemPath
	Body client.NewComment
}

func shareRoutes(r *Routes) {
	s := r.s
	Add(r, Route{Method: http.MethodPost, Path: "/v1/shares", ID: "createShare", Summary: "Make a link by which people without an account look at pictures", Tag: tagShares, Scope: tenant.Write, Body: JSONBody}, s.createShare)
	Add(r, Route{Method: http.MethodGet, Path: "/v1/shares", ID: "listShares", Summary: "The tenant's share links, newest first", Tag: tagShares, Scope: tenant.Read},
		func(ctx context.Context, in *sharesInput) (*reply[client.SharePage], error) {
			target := in.JobID
			if target == "" {
				target = in.CollectionID
			}
			page, next, err := s.Shares.List(ctx, TenantID(ctx), target, in.Cursor, in.Limit)
			return replyOf(client.SharePage{Shares: each(page, linkOf), NextCursor: cursorOf(next)}, err)
		})
	Add(r, Route{Method: http.MethodDelete, Path: "/v1/shares/{share_id}", ID: "revokeShare", Summary: "End a share link", Tag: tagShares, Scope: tenant.Write, NotFound: share.ErrNotFound},
		func(ctx context.Context, in *SharePath) (*okOutput, error) {
			if !idPattern.MatchString(in.ID) {
				return nil, share.ErrNotFound
			}
			if err := s.Shares.Revoke(ctx, TenantID(ctx), in.ID); err != nil {
				return nil, err
			}
			return ok(), nil
		})
	Add(r, Route{Method: http.MethodGet, Path: "/v1/shares/{share_id}/log", ID: "shareLog", Summary: "What guests did by a share link, newest first", Tag: tagShares, Scope: tenant.Read, NotFound: share.ErrNotFound},
		func(ctx context.Context, in *SharePath) (*reply[client.ShareLog], error) {
			if !idPattern.MatchString(in.ID) {
				return nil, share.ErrNotFound
			}
			entries, err := s.Shares.Log(ctx, TenantID(ctx), in.ID)
			return s.shareLog(ctx, entries, err)
		})
	Add(r, Route{Method: http.MethodGet, Path: "/v1/shares/log", ID: "sharesLog", Summary: "What the guests of all share links did to pictures, newest first", Tag: tagShares, Scope: tenant.Read},
		func(ctx context.Context, in *sharesLogInput) (*reply[client.ShareLog], error) {
			entries, err := s.Shares.Lately(ctx, TenantID(ctx), in.Limit)
			return s.shareLog(ctx, entries, err)
		})
	const comments = "/v1/jobs/{job_id}/items/{item_id}/comments"
	Add(r, Route{Method: http.MethodGet, Path: comments, ID: "listComments", Summary: "What was written about a picture, oldest first", Tag: tagShares, Scope: tenant.Read, NotFound: job.ErrItemNotFound},
		func(ctx context.Context, in *JobItemPath) (*reply[client.CommentList], error) {
			if _, err := s.shown(ctx, in); err != nil {
				return nil, err
			}
			all, err := s.Shares.Comments(ctx, TenantID(ctx), in.ItemID)
			return replyOf(client.CommentList{Comments: each(all, commentOf)}, err)
		})
	Add(r, Route{Method: http.MethodPost, Path: comments, ID: "addComment", Summary: "Write about a picture", Tag: tagShares, Scope: tenant.Write, Body: JSONBody, NotFound: job.ErrItemNotFound},
		func(ctx context.Context, in *commentInput) (*reply[client.Comment], error) {
			it, err := s.shown(ctx, &in.JobItemPath)
			if err != nil {
				return nil, err
			}
			return wired(commentOf)(s.Shares.Say(ctx, share.Link{TenantID: TenantID(ctx)}, it, share.Visit{Guest: callOf(ctx).name}, in.Body.Text))
		})
	guestRoutes(r)
}

// shown returns an item of the tenant's.
func (s *server) shown(ctx context.Context, in *JobItemPath) (share.Item, error) {
	jobID, itemID, err := in.ids(ctx)
	if err != nil {
		return share.Item{}, err
	}
	_, err = s.Jobs.Item(ctx, TenantID(ctx), jobID, itemID)
	return share.Item{JobID: jobID, ItemID: itemID}, err
}

func (s *server) createShare(ctx context.Context, in *newShareInput) (*createdShareOutput, error) {
	b := in.Body
	tenantID := TenantID(ctx)
	if b.Approve && !tenant.Allows(callOf(ctx).scopes, tenant.Approve) {
		return nil, errScope.With("a link that lets guests approve needs scope %s", tenant.Approve)
	}
	n := share.New{
		TenantID: tenantID, Name: b.Name, JobID: b.JobID, CollectionID: b.CollectionID, Comment: b.Comment, Approve: b.Approve, Download: b.Download, By: callOf(ctx).name, ExpiresAt: b.ExpiresAt,
		Items: each(b.Items, func(it client.ShareItem) share.Item { return share.Item{JobID: it.JobID, ItemID: it.ItemID} }),
	}
	if err := s.has(ctx, tenantID, n); err != nil {
		return nil, err
	}
	l, token, err := s.Shares.Create(ctx, n)
	if err != nil {
		return nil, err
	}
	return &createdShareOutput{"no-store", client.CreatedShare{Share: linkOf(l), URL: s.home(recordOf(ctx).request) + sharePath + "#" + token}}, nil
}

// has checks that a tenant has what a link is to show.
func (s *server) has(ctx context.Context, tenantID string, n share.New) error {
	if n.JobID != "" {
		if !idPattern.MatchString(n.JobID) {
			return job.ErrJobNotFound
		}
		if _, err := s.Jobs.Changes(ctx, tenantID, n.JobID); err != nil {
			return err
		}
	}
	if n.CollectionID != "" {
		if !idPattern.MatchString(n.CollectionID) || s.Collections == nil {
			return collection.ErrNotFound
		}
		if _, err := s.Collections.Get(ctx, tenantID, n.CollectionID); err != nil {
			return err
		}
	}
	byJob := map[string][]string{}
	for _, it := range n.Items {
		if !idPattern.MatchString(it.JobID) || !idPattern.MatchString(it.ItemID) {
			return job.ErrItemNotFound
		}
		byJob[it.JobID] = append(byJob[it.JobID], it.ItemID)
	}
	for jobID, ids := range byJob {
		unique := map[string]bool{}
		for _, id := range ids {
			unique[id] = true
		}
		items, _, err := s.Jobs.Page(ctx, tenantID, jobID, job.Part{IDs: ids, Limit: len(ids)})
		if err != nil {
			return err
		}
		if len(items) != len(unique) {
			return job.ErrItemNotFound
		}
	}
	return nil
}

// Guests' calls.

// GuestItemPath is the path parameter of a picture that a link shows.
type GuestItemPath struct {
	ID string `path:"item_id" doc:"The picture" example:"0198f7a0-0000-7000-8000-000000000002"`
}

type guestItemsInput struct {
	Cursor string `query:"cursor" maxLength:"100" doc:"next_cursor of the page before"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"rows of a page"`
	Since  string `query:"changed_since" maxLength:"40" doc:"as_of of an answer before: only pictures that changed since, or were decided on" example:"2026-11-27T09:30:05Z"`
}

type guestPictureInput struct {
	GuestItemPath
	Size string `query:"size" enum:"small,large" default:"small" doc:"small: at most 320 pixels; large: at most 1,280"`
}

type guestCommentInput struct {
	GuestItemPath
	Body client.GuestComment
}

type guestDecisionInput struct {
	GuestItemPath
	Body client.GuestDecision
}

func guestRoutes(r *Routes) {
	s := r.s
	guests := func(method, path, id, summary string, body Body) Route {
		return Route{Method: method, Path: "/v1/guest" + path, ID: id, Summary: summary, Tag: tagShares, Guest: true, Body: body, NotFound: job.ErrItemNotFound}
	}
	const one = "/items/{item_id}"
	Add(r, guests(http.MethodGet, "", "guestLink", "What the guest of a share link may do", NoBody), func(ctx context.Context, _ *struct{}) (*reply[client.GuestLink], error) {
		g := callOf(ctx).guest
		if err := s.Shares.Came(ctx, g.link, share.Visit{Address: g.address}); err != nil {
			return nil, err
		}
		l := g.link
		return replyOf(client.GuestLink{Name: l.Name, Comment: l.Comment, Approve: l.Approve, Download: l.Download, ExpiresAt: l.ExpiresAt}, nil)
	})
	Add(r, guests(http.MethodGet, "/items", "guestItems", "The finished pictures that a share link shows, newest first", NoBody), func(ctx context.Context, in *guestItemsInput) (*reply[client.GuestPage], error) {
		since, err := moment("changed_since", in.Since, false)
		if err != nil {
			return nil, err
		}
		asOf := time.Now().Add(-itemsLag).UTC()
		found, next, err := s.listed(ctx, "", job.Filter{Changed: since, Cursor: in.Cursor, Limit: in.Limit})
		return replyOf(client.GuestPage{Items: each(found, guestItemOf), NextCursor: cursorOf(next), AsOf: asOf}, err)
	})
	Add(r, guests(http.MethodGet, one+"/picture", "guestPicture", "A WebP of a picture that a share link shows", NoBody), func(ctx context.Context, in *guestPictureInput) (*pictureOutput, error) {
		it, err := s.listedItem(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		read := s.Downloads.Thumbnail
		if in.Size == "large" {
			read = s.Downloads.Preview
		}
		b, err := read(ctx, TenantID(ctx), it.JobID, it.ItemID)
		if err != nil {
			return nil, err
		}
		return &pictureOutput{ContentType: "image/webp", Body: b}, nil
	})
	Add(r, guests(http.MethodGet, one+"/comments", "guestComments", "What was written about a picture that a share link shows, oldest first", NoBody), func(ctx context.Context, in *GuestItemPath) (*reply[client.CommentList], error) {
		it, err := s.listedItem(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		all, err := s.Shares.Comments(ctx, TenantID(ctx), it.ItemID)
		return replyOf(client.CommentList{Comments: each(all, commentOf)}, err)
	})
	Add(r, guests(http.MethodPost, one+"/comments", "addGuestComment", "Write about a picture, as the guest of a share link", JSONBody), func(ctx context.Context, in *guestCommentInput) (*reply[client.Comment], error) {
		g := callOf(ctx).guest
		if !g.link.Comment {
			return nil, share.ErrRight
		}
		it, err := s.listedItem(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return wired(commentOf)(s.Shares.Say(ctx, g.link, share.Item{JobID: it.JobID, ItemID: it.ItemID}, share.Visit{Guest: in.Body.Name, Address: g.address}, in.Body.Text))
	})
	Add(r, guests(http.MethodPost, one+"/decision", "decideAsGuest", "Approve or reject a picture, as the guest of a share link", JSONBody), s.decideAsGuest)
	Add(r, guests(http.MethodPost, one+"/download", "guestDownload", "A short-lived URL of a finished picture, where a share link allows it", NoBody), func(ctx context.Context, in *GuestItemPath) (*reply[client.Download], error) {
		g := callOf(ctx).guest
		if !g.link.Download {
			return nil, share.ErrRight
		}
		it, err := s.listedItem(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		url, err := s.Downloads.OutputURL(ctx, TenantID(ctx), it.ItemID)
		if err == nil {
			err = s.Shares.Did(ctx, g.link, share.Downloaded, share.Item{JobID: it.JobID, ItemID: it.ItemID}, share.Visit{Address: g.address})
		}
		return replyOf(client.Download{DownloadURL: url}, err)
	})
}

// listed returns a page of the pictures that the call's link shows, of those that f wants; one
// picture where itemID names one.
func (s *server) listed(ctx context.Context, itemID string, f job.Filter) (found []job.Found, next string, err error) {
	g := callOf(ctx).guest
	f.Status = []string{job.ItemCompleted}
	switch g.link.Kind {
	case share.OfJob:
		f.JobID, f.Standing = g.link.Target, true
	case share.OfCollection:
		f.Collection, f.Standing = g.link.Target, true
	default:
		named, err := s.Shares.Items(ctx, g.link.ID)
		if err != nil {
			return nil, "", err
		}
		f.IDs = each(named, func(it share.Item) string { return it.ItemID })
	}
	if itemID != "" {
		if f.IDs != nil {
			for _, id := range f.IDs {
				if id == itemID {
					f.IDs = []string{itemID}
					return s.Jobs.Items(ctx, TenantID(ctx), f)
				}
			}
			return nil, "", nil
		}
		f.IDs = []string{itemID}
	}
	return s.Jobs.Items(ctx, TenantID(ctx), f)
}

// listedItem returns a picture that the call's link shows; every other is not found.
func (s *server) listedItem(ctx context.Context, itemID string) (job.Found, error) {
	if !idPattern.MatchString(itemID) {
		return job.Found{}, job.ErrItemNotFound
	}
	found, _, err := s.listed(ctx, itemID, job.Filter{Limit: 1})
	if err != nil {
		return job.Found{}, err
	}
	if len(found) != 1 || found[0].ItemID != itemID {
		return job.Found{}, job.ErrItemNotFound
	}
	ids := &recordOf(ctx).ids
	ids.JobID, ids.ItemID = found[0].JobID, itemID
	return found[0], nil
}

func (s *server) decideAsGuest(ctx context.Context, in *guestDecisionInput) (*reply[client.GuestItem], error) {
	g := callOf(ctx).guest
	if !g.link.Approve {
		return nil, share.ErrRight
	}
	it, err := s.listedItem(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	act, state := share.Approved, picture.ReviewApproved
	if in.Body.Decision == "rejected" {
		act, state = share.Rejected, picture.ReviewRejected
	}
	d := job.Decision{TenantID: TenantID(ctx), JobID: it.JobID, ItemID: it.ItemID, State: state, Seen: in.Body.Seen, Note: in.Body.Note, By: strings.TrimSpace(in.Body.Name), Guest: true}
	if it.Review != nil && d.Outdated(it.Review.State) { // the log keeps what was done
		return nil, job.ErrDecided.With("it is %s", it.Review.State)
	}
	// The log first: nothing is decided by a guest of whom nothing is known.
	if err := s.Shares.Did(ctx, g.link, act, share.Item{JobID: it.JobID, ItemID: it.ItemID}, share.Visit{Guest: in.Body.Name, Address: g.address}); err != nil {
		return nil, err
	}
	decided, err := s.Jobs.Decide(ctx, d)
	if err != nil {
		return nil, err
	}
	telemetry.Log(ctx).Info().Str("share_id", g.link.ID).Str("decision", act).Msg("A guest decided on a picture")
	return replyOf(guestItemOf(job.Found{JobID: it.JobID, Item: decided}), nil)
}

func linkOf(l share.Link) client.Share {
	out := client.Share{
		ShareID: l.ID, Name: l.Name, Items: l.Items, Comment: l.Comment, Approve: l.Approve, Download: l.Download, MadeBy: l.By, CreatedAt: l.CreatedAt, ExpiresAt: l.ExpiresAt, RevokedAt: l.RevokedAt, OpenedAt: l.OpenedAt,
	}
	switch l.Kind {
	case share.OfJob:
		out.JobID = &l.Target
	case share.OfCollection:
		out.CollectionID = &l.Target
	}
	return out
}

// shareLog names the pictures that lines of links' logs are about, those that are still there.
func (s *server) shareLog(ctx context.Context, entries []share.Entry, err error) (*reply[client.ShareLog], error) {
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, e := range entries {
		if e.ItemID != "" && !slices.Contains(ids, e.ItemID) {
			ids = append(ids, e.ItemID)
		}
	}
	there := map[string]job.Found{}
	for part := range slices.Chunk(ids, job.MaxPage) {
		found, _, err := s.Jobs.Items(ctx, TenantID(ctx), job.Filter{IDs: part, Limit: len(part), Plain: true})
		if err != nil {
			return nil, err
		}
		for _, it := range found {
			there[it.ItemID] = it
		}
	}
	return replyOf(client.ShareLog{Entries: each(entries, func(e share.Entry) client.ShareEntry {
		out := client.ShareEntry{Act: e.Act, Guest: e.Guest, Address: e.Address, At: e.At}
		if e.ItemID != "" {
			out.ItemID = &e.ItemID
		}
		if it, ok := there[e.ItemID]; ok {
			out.JobID, out.Picture = &it.JobID, cmp.Or(it.Product.SKU, it.Filename)
		}
		return out
	})}, nil)
}

func commentOf(c share.Comment) client.Comment {
	return client.Comment{CommentID: c.ID, Author: c.Author, Guest: c.ShareID != "", Text: c.Text, At: c.At}
}

func guestItemOf(f job.Found) client.GuestItem {
	p := productOf(f.Product)
	out := client.GuestItem{ItemID: f.ItemID, Filename: f.Filename, Title: p.Title, SKU: p.SKU, SceneType: f.SceneType, Review: "none", UpdatedAt: f.UpdatedAt}
	if f.Review != nil {
		out.Review, out.Note = f.Review.State, f.Review.Note
	}
	return out
}
