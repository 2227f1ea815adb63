package mcp

import (
	"context"
	"strings"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/opal-photo/opal/modules/client"
	"github.com/opal-photo/opal/modules/fault"
)

var errNoVariants = fault.New(fault.NotFound, "variants_missing", "The job has no finished variant of that channel")

// Check asks how variants keep a channel's rules.
type Check struct {
	JobID   string `json:"job_id"`
	ItemID  string `json:"item_id,omitempty"`
	Channel string `json:"channel,omitempty"`
}

// Checked is what came of the rules.
type Checked struct {
	Passed   bool             `json:"passed"` // no rule of severity reject is broken
	Variants []CheckedVariant `json:"variants"`
}

// CheckedVariant is what came of one variant's rules.
type CheckedVariant struct {
	ItemID   string         `json:"item_id"`
	Filename string         `json:"filename"`
	Preset   string         `json:"preset"`
	Channel  string         `json:"channel"`
	Status   string         `json:"status"`
	Kept     int            `json:"rules_kept"`
	Broken   []client.Check `json:"rules_broken"`
}

func (s *server) check(ctx context.Context, _ *sdk.CallToolRequest, in Check) (*sdk.CallToolResult, Checked, error) {
	out := Checked{Passed: true, Variants: []CheckedVariant{}}
	j, err := s.Client.Job(ctx, in.JobID)
	if err != nil {
		return nil, out, err
	}
	presets, err := s.Client.Presets(ctx)
	if err != nil {
		return nil, out, err
	}
	channels := map[string]string{}
	known := in.Channel == ""
	for _, p := range presets.Presets {
		channels[p.Name] = p.Channel
		known = known || strings.EqualFold(p.Channel, in.Channel) || p.Name == in.Channel
	}
	if !known {
		return nil, out, errNoVariants.With("there is no channel or preset %q; choices lists them", in.Channel)
	}
	for _, it := range j.Items {
		if in.ItemID != "" && it.ItemID != in.ItemID {
			continue
		}
		for _, v := range it.Exports {
			if in.Channel != "" && v.Preset != in.Channel && !strings.EqualFold(channels[v.Preset], in.Channel) || !made(v) {
				continue
			}
			one := CheckedVariant{
				ItemID: it.ItemID, Filename: plain(it.Filename, maxText), Preset: v.Preset, Channel: channels[v.Preset], Status: v.Status, Broken: []client.Check{},
			}
			for _, c := range v.Checks {
				if c.Passed {
					one.Kept++
					continue
				}
				out.Passed = out.Passed && c.Severity != "reject"
				one.Broken = append(one.Broken, c)
			}
			out.Variants = append(out.Variants, one)
		}
	}
	if len(out.Variants) == 0 {
		return nil, out, errNoVariants.With("its presets are %s, its status is %s; add_presets makes others", strings.Join(j.Presets, ", "), j.Status)
	}
	return nil, out, nil
}

// made reports whether a variant has a file.
func made(v client.Variant) bool { return v.Status == "completed" || v.Status == "rejected" }
