package blob

import (
	"fmt"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
)

// The limits of a name. Azure allows 1,024 characters; file systems 255 bytes a
// segment.
const (
	maxName    = 1024
	maxSegment = 200
)

// CheckName refuses names that could leave their container or mean two things.
func CheckName(name string) error {
	if name == "" || len(name) > maxName || !utf8.ValidString(name) {
		return ErrName.With("%d bytes", len(name))
	}
	for seg := range strings.SplitSeq(name, "/") {
		if err := checkSegment(seg); err != nil {
			return err
		}
	}
	return nil
}

func checkSegment(s string) error {
	if s == "" || s == "." || s == ".." || len(s) > maxSegment || strings.HasSuffix(s, ".") || strings.HasSuffix(s, " ") {
		return ErrName.With("part %q", s)
	}
	if strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || strings.ContainsRune(`\:*?"<>|%#`, r) || r == utf8.RuneError
	}) {
		return ErrName.With("part %q", s)
	}
	return nil
}

// RawPath names an upload: each call a fresh path, so that no URL given out can
// reach another upload. The file's own name is kept recognisable at its end.
func RawPath(tenantID, jobID, itemID, filename string) (string, error) {
	p := strings.Join([]string{tenantID, jobID, itemID, uuid.Must(uuid.NewV7()).String(), Clean(filename)}, "/")
	return p, CheckName(p)
}

// ArtifactPath names a picture that a step of an attempt made. The path in the
// database says which attempt's counts.
func ArtifactPath(tenantID, jobID, itemID, step string, attempt int, ext string) (string, error) {
	p := fmt.Sprintf("%s/%s/%s/%s/a%d.%s", tenantID, jobID, itemID, step, attempt, ext)
	return p, CheckName(p)
}

// maxClean is how much of a file's name is kept.
const maxClean = 80

// Clean makes a file's name safe as the last part of a path in any store: ASCII
// letters, digits, dot, dash and underscore, its extension kept.
func Clean(filename string) string {
	base := path.Base(strings.ReplaceAll(filename, `\`, "/"))
	clean := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '-', r == '_':
			return r
		case r == utf8.RuneError || unicode.IsControl(r):
			return -1
		}
		return '_'
	}, base)
	ext := path.Ext(clean)
	if len(ext) > 10 {
		ext = ""
	}
	stem := strings.Trim(strings.TrimSuffix(clean, ext), "._-")
	if len(stem) > maxClean {
		stem = stem[:maxClean]
	}
	if stem == "" {
		stem = "photo"
	}
	return strings.TrimRight(stem+ext, ".")
}
