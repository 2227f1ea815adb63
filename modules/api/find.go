package api

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/client"
	"github.com/opal-photo/opal/modules/collection"
	"github.com/opal-photo/opal/modules/export"
	"github.com/opal-photo/opal/modules/job"
)

// FilterQuery is the parameters that lists of jobs and of items have in common.
type FilterQuery struct {
	PageQuery
	Query      string `query:"q" maxLength:"200" doc:"A part of a file name, SKU, GTIN, ASIN or title, or the beginning of an id; capitals don't matter"`
	Brand      string `query:"brand" maxLength:"63" doc:"A brand profile"`
	SKU        string `query:"sku" maxLength:"100" doc:"The seller's own number, whole"`
	Collection string `query:"collection_id" maxLength:"64" doc:"Those of a collection"`
	Channel    string `query:"channel" maxLength:"60" doc:"Those that were ordered for a channel, named as GET /v1/presets does; capitals don't matter" example:"Etsy"`
	From       string `query:"from" maxLength:"40" doc:"Made then or later: a date, or a time of RFC 3339" example:"2026-11-01"`
	To         string `query:"to" maxLength:"40" doc:"Made on that date or before it, or before a time of RFC 3339" example:"2026-11-30"`
}

type jobsInput struct {
	FilterQuery
	Status string `query:"status" maxLength:"200" doc:"One or more of created, processing, completed, failed, partial and cancelled, separated by commas" example:"processing"`
}

type itemsInput struct {
	FilterQuery
	Status      string `query:"status" maxLength:"200" doc:"One or more of created, uploaded, queued, processing, completed, failed and cancelled, separated by commas" example:"failed"`
	NeedsReview string `query:"needs_review" enum:"true,false" doc:"true: those that a person has yet to look at; false: all others"`
	Decision    string `query:"decision" enum:"approved,rejected" doc:"Those that people approved, or rejected"`
	JobID       string `query:"job_id" maxLength:"64" doc:"Those of one job"`
}

// The states that lists can be filtered by.
var (
	jobStates  = []string{job.JobCreated, job.JobProcessing, job.JobCompleted, job.JobFailed, job.JobPartial, job.JobCancelled}
	itemStates = []string{job.ItemCreated, job.ItemUploaded, job.ItemQueued, job.ItemProcessing, job.ItemCompleted, job.ItemFailed, job.ItemCancelled}
)

// filter reads the parameters. status is those of the list, and known its states.
func (s *server) filter(q *FilterQuery, status string, known []string) (job.Filter, error) {
	f := job.Filter{Query: q.Query, Brand: q.Brand, SKU: q.SKU, Cursor: q.Cursor, Limit: q.Limit}
	if f.Collection = q.Collection; f.Collection != "" && !idPattern.MatchString(f.Collection) {
		return f, collection.ErrNotFound
	}
	if q.Channel != "" {
		for _, p := range s.Presets {
			if strings.EqualFold(p.Channel, q.Channel) {
				f.Presets = append(f.Presets, p.Name)
			}
		}
		if len(f.Presets) == 0 {
			return f, channel.ErrNoChannel.With("%q", q.Channel)
		}
	}
	var err error
	if f.Status, err = statesIn(status, known); err != nil {
		return f, err
	}
	if f.From, err = moment("from", q.From, false); err != nil {
		return f, err
	}
	f.To, err = moment("to", q.To, true)
	return f, err
}

// statesIn reads the states of a list's filter.
func statesIn(text string, known []string) (states []string, err error) {
	for one := range strings.SplitSeq(text, ",") {
		one = strings.TrimSpace(one)
		switch {
		case one == "":
		case !slices.Contains(known, one):
			return nil, errField.With("query.status: %q; there are %s", one, strings.Join(known, ", "))
		case !slices.Contains(states, one):
			states = append(states, one)
		}
	}
	return states, nil
}

// moment reads a time or a date; through is set where a date means its whole day.
func moment(name, text string, through bool) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		if through {
			day = day.AddDate(0, 0, 1)
		}
		return day, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, errField.With("query.%s: write a date such as 2026-11-27, or a time such as 2026-11-27T09:30:00Z", name)
	}
	return at, nil
}

func (s *server) listJobs(ctx context.Context, in *jobsInput) (*reply[client.JobPage], error) {
	f, err := s.filter(&in.FilterQuery, in.Status, jobStates)
	if err != nil {
		return nil, err
	}
	jobs, next, err := s.Jobs.List(ctx, TenantID(ctx), f)
	if err != nil {
		return nil, err
	}
	p, err := s.Jobs.Pace(ctx)
	return replyOf(client.JobPage{Jobs: each(jobs, summaryOf), NextCursor: cursorOf(next), Pace: client.Pace{FirstSeconds: p.First.Seconds(), EachSeconds: p.Each.Seconds(), Measured: p.Measured}}, err)
}

func (s *server) listItems(ctx context.Context, in *itemsInput) (*reply[client.FoundItemPage], error) {
	f, err := s.filter(&in.FilterQuery, in.Status, itemStates)
	if err != nil {
		return nil, err
	}
	if f.JobID = in.JobID; f.JobID != "" && !idPattern.MatchString(f.JobID) {
		return replyOf(client.FoundItemPage{Items: []client.FoundItem{}}, nil)
	}
	f.Decision = in.Decision
	if in.NeedsReview != "" {
		f.NeedsReview = new(in.NeedsReview == "true")
	}
	items, next, err := s.Jobs.Items(ctx, TenantID(ctx), f)
	if err != nil {
		return nil, err
	}
	ids := each(items, func(it job.Found) string { return it.ItemID })
	variants := map[string][]client.Variant{}
	if s.Exports != nil {
		all, err := s.Exports.OfItems(ctx, TenantID(ctx), ids)
		if err != nil {
			return nil, err
		}
		variants = variantsOf(all)
	}
	out := each(items, func(it job.Found) client.FoundItem {
		return client.FoundItem{JobID: it.JobID, Item: withVariants(itemOf(it.Item), variants)}
	})
	return replyOf(client.FoundItemPage{Items: out, NextCursor: cursorOf(next)}, nil)
}

// variantsOf returns variants by their item.
func variantsOf(all []export.Export) map[string][]client.Variant {
	out := map[string][]client.Variant{}
	for _, e := range all {
		out[e.ItemID] = append(out[e.ItemID], variantOf(e))
	}
	return out
}

func withVariants(it client.Item, all map[string][]client.Variant) client.Item {
	if v := all[it.ItemID]; v != nil {
		it.Exports = v
	}
	return it
}

// getJobInput is a job's, with a wait.
type getJobInput struct {
	JobPath
	Wait int `query:"wait" minimum:"0" maximum:"30" default:"0" doc:"Seconds to wait for the job's end; with If-None-Match, for any change"`
}

// getJob answers with a job. With a wait it answers when the job has ended, or, to a
// caller who has seen it, when it is no longer what the caller has.
func (s *server) getJob(ctx context.Context, in *getJobInput) (*reply[client.Job], error) {
	id, err := in.id(ctx)
	if err != nil {
		return nil, err
	}
	tenantID := TenantID(ctx)
	seen := recordOf(ctx).noneMatch
	wait := s.hold(ctx, in.Wait)
	defer wait.end()
	for {
		changes := int64(0)
		if in.Wait > 0 { // read before the job, so that no change between the two is missed
			if changes, err = s.Jobs.Changes(ctx, tenantID, id); err != nil {
				return nil, err
			}
		}
		j, err := s.Jobs.Get(ctx, tenantID, id)
		if err != nil {
			return nil, err
		}
		out, err := s.withExports(ctx, j)
		if err != nil || in.Wait == 0 || out.Ended() || seen != "" && !matchesETag(seen, etagOf(out)) {
			return replyOf(out, err)
		}
		if again, err := s.changed(ctx, wait, tenantID, id, changes); err != nil || !again {
			return replyOf(out, err)
		}
	}
}

// changed waits until a job has changed; false when the call is to answer now.
func (s *server) changed(ctx context.Context, wait *held, tenantID, jobID string, changes int64) (bool, error) {
	for {
		if again, err := wait.again(ctx); err != nil || !again {
			return false, err
		}
		now, err := s.Jobs.Changes(ctx, tenantID, jobID)
		if err != nil || now != changes {
			return true, err
		}
	}
}

// withExports adds the variants to their items.
func (s *server) withExports(ctx context.Context, j job.Job) (client.Job, error) {
	var variants map[string][]client.Variant
	if s.Exports != nil {
		all, err := s.Exports.List(ctx, j.TenantID, j.JobID)
		if err != nil {
			return client.Job{}, err
		}
		variants = variantsOf(all)
	}
	return client.Job{JobSummary: summaryOf(j), Items: each(j.Items, func(it job.Item) client.Item { return withVariants(itemOf(it), variants) })}, nil
}
