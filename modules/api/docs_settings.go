package api

import (
	"bytes"
	"fmt"
	"html/template"
)

// SettingGroup is a heading of the manual's page of settings, with its rows.
type SettingGroup struct {
	Title    string
	Settings []SettingRow
}

// SettingRow describes one setting for readers of the manual.
type SettingRow struct {
	Name    string // environment variable
	Doc     string
	Default string // "" when it has none
	Rule    string // the rule for its values, in words; "": any value
	Example string // "" when it has none
}

// settingsPage renders the manual's page of settings.
func settingsPage(groups []SettingGroup) ([]byte, error) {
	text, err := docFiles.ReadFile("docs/settings.html")
	if err != nil {
		return nil, fmt.Errorf("read the page of settings: %w", err)
	}
	t, err := template.New("settings").Parse(string(text))
	if err != nil {
		return nil, fmt.Errorf("parse the page of settings: %w", err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, groups); err != nil {
		return nil, fmt.Errorf("render the page of settings: %w", err)
	}
	return b.Bytes(), nil
}
