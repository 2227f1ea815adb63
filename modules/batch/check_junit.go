package batch

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/opal-photo/opal/modules/channel"
)

// JUnit's XML, as build servers read it: a suite a preset, a case a picture.

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name      string       `xml:"name,attr"`
	ClassName string       `xml:"classname,attr"`
	Failure   *junitResult `xml:"failure,omitempty"`
	Error     *junitResult `xml:"error,omitempty"`
	Skipped   *junitResult `xml:"skipped,omitempty"`
	SystemOut string       `xml:"system-out,omitempty"`
}

type junitResult struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",chardata"`
}

func writeJUnit(w io.Writer, r *CheckReport, o CheckOptions) error {
	all := junitSuites{Name: "opal check"}
	at := map[string]int{}
	suite := func(name string) *junitSuite {
		i, ok := at[name]
		if !ok {
			i = len(all.Suites)
			at[name] = i
			all.Suites = append(all.Suites, junitSuite{Name: name})
		}
		return &all.Suites[i]
	}
	for _, it := range r.Items {
		name := plainText(it.File)
		switch it.Status {
		case couldNotRead:
			s := suite("opal.read")
			s.Tests, s.Errors = s.Tests+1, s.Errors+1
			s.Cases = append(s.Cases, junitCase{Name: name, ClassName: s.Name, Error: &junitResult{Message: plainText(it.Error), Type: it.Code}})
		case Pending:
			s := suite("opal.read")
			s.Tests, s.Skipped = s.Tests+1, s.Skipped+1
			s.Cases = append(s.Cases, junitCase{Name: name, ClassName: s.Name, Skipped: &junitResult{Message: "not checked: interrupted"}})
		}
		for _, v := range it.Presets {
			s := suite(v.Preset)
			s.Tests++
			c := junitCase{Name: name, ClassName: v.Preset}
			var worst, rest []string
			for _, one := range v.Checks {
				switch {
				case one.Passed:
				case one.Broken() && (one.Severity == string(channel.Reject) || o.FailOnWarn && one.Severity == string(channel.Warn)):
					worst = append(worst, plainText(sentence(one)))
				default:
					rest = append(rest, one.Severity+": "+plainText(sentence(one)))
				}
			}
			switch {
			case len(worst) > 0:
				s.Failures++
				c.Failure = &junitResult{Message: worst[0], Type: v.Status, Text: strings.Join(worst, "\n")}
			case v.Status == unsure:
				s.Skipped++
				c.Skipped = &junitResult{Message: "the product was not found for certain"}
			}
			c.SystemOut = strings.Join(rest, "\n")
			s.Cases = append(s.Cases, c)
		}
	}
	for _, s := range all.Suites {
		all.Tests, all.Failures, all.Errors = all.Tests+s.Tests, all.Failures+s.Failures, all.Errors+s.Errors
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", " ")
	if err := e.Encode(all); err != nil {
		return fmt.Errorf("write JUnit's XML: %w", err)
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// plainText keeps what XML 1.0 can hold.
func plainText(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r == 0xfffe || r == 0xffff || r == 0xfffd || r >= 0x7f && r < 0xa0 {
			return '?'
		}
		return r
	}, s)
}
