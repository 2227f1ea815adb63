package batch

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/check"
)

// SARIF 2.1.0, as code hosts read it.

type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool        sarifTool         `json:"tool"`
	Invocations []sarifInvocation `json:"invocations"`
	Results     []sarifResult     `json:"results"`
}

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name           string      `json:"name"`
	Version        string      `json:"version,omitempty"`
	InformationURI string      `json:"informationUri"`
	Rules          []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID                   string      `json:"id"`
	ShortDescription     sarifText   `json:"shortDescription"`
	FullDescription      *sarifText  `json:"fullDescription,omitempty"`
	HelpURI              string      `json:"helpUri,omitempty"`
	DefaultConfiguration *sarifLevel `json:"defaultConfiguration,omitempty"`
}

type sarifText struct {
	Text string `json:"text"`
}

type sarifLevel struct {
	Level string `json:"level"`
}

type sarifInvocation struct {
	ExecutionSuccessful        bool                `json:"executionSuccessful"`
	ToolExecutionNotifications []sarifNotification `json:"toolExecutionNotifications,omitempty"`
}

type sarifNotification struct {
	Level     string          `json:"level"`
	Message   sarifText       `json:"message"`
	Locations []sarifLocation `json:"locations,omitempty"`
}

type sarifResult struct {
	RuleID    string          `json:"ruleId"`
	Kind      string          `json:"kind,omitempty"`
	Level     string          `json:"level"`
	Message   sarifText       `json:"message"`
	Locations []sarifLocation `json:"locations"`
}

type sarifLocation struct {
	PhysicalLocation struct {
		ArtifactLocation struct {
			URI string `json:"uri"`
		} `json:"artifactLocation"`
	} `json:"physicalLocation"`
}

var sarifLevels = map[string]string{string(channel.Reject): "error", string(channel.Warn): "warning", string(channel.Advice): "note"}

func writeSARIF(w io.Writer, r *CheckReport, _ CheckOptions) error {
	run := sarifRun{
		Tool:    sarifTool{sarifDriver{Name: "opal check", Version: r.Version, InformationURI: "https://github.com/opal-photo/opal", Rules: []sarifRule{}}},
		Results: []sarifResult{},
	}
	known := map[string]bool{}
	describe := func(p CheckPreset, c check.Check) {
		id := p.Name + "/" + c.Rule
		if known[id] {
			return
		}
		known[id] = true
		rule := sarifRule{ID: id, ShortDescription: sarifText{p.Title + ": " + strings.ReplaceAll(c.Rule, "_", " ") + ", wanted " + c.Wanted}, DefaultConfiguration: &sarifLevel{sarifLevels[c.Severity]}}
		for _, pr := range p.preset.Rules {
			if pr.Name == c.Rule {
				rule.FullDescription = &sarifText{fmt.Sprintf("Source: %s (%s), seen on %s", pr.Source.Title, pr.Source.Address, pr.Source.Seen)}
				if u, ok := webAddress(pr.Source.Address); ok {
					rule.HelpURI = u.String()
				}
				break
			}
		}
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, rule)
	}
	presets := map[string]CheckPreset{}
	for _, p := range r.Presets {
		presets[p.Name] = p
	}
	invocation := sarifInvocation{ExecutionSuccessful: r.State == Finished}
	for _, it := range r.Items {
		at := []sarifLocation{sarifPlace(it.File)}
		if it.Status == couldNotRead {
			invocation.ToolExecutionNotifications = append(invocation.ToolExecutionNotifications, sarifNotification{Level: "error", Message: sarifText{it.Error}, Locations: at})
		}
		for _, v := range it.Presets {
			for _, c := range v.Checks {
				if c.Passed {
					continue
				}
				describe(presets[v.Preset], c)
				res := sarifResult{RuleID: v.Preset + "/" + c.Rule, Level: sarifLevels[c.Severity], Message: sarifText{sentence(c)}, Locations: at}
				if c.Unsure {
					res.Kind, res.Level = "open", "none"
				}
				run.Results = append(run.Results, res)
			}
		}
	}
	run.Invocations = []sarifInvocation{invocation}
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	return e.Encode(sarifLog{Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run}})
}

// sentence says what a check found, and what to do.
func sentence(c check.Check) string {
	s := fmt.Sprintf("%s: %s, wanted %s.", strings.ReplaceAll(c.Rule, "_", " "), c.Measured, c.Wanted)
	if c.Unsure {
		s += " The product was not found for certain."
	}
	if c.Advice != "" {
		s += " " + c.Advice + "."
	}
	return s
}

// sarifPlace makes a valid URI of whatever a file is called.
func sarifPlace(file string) (l sarifLocation) {
	if u, ok := webAddress(file); ok {
		l.PhysicalLocation.ArtifactLocation.URI = u.String()
		return l
	}
	u := url.URL{Path: filepath.ToSlash(file)}
	if filepath.IsAbs(file) {
		u.Scheme = "file"
	}
	l.PhysicalLocation.ArtifactLocation.URI = u.String()
	return l
}
