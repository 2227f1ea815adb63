package db

import (
	"net/url"
	"path/filepath"
	"strings"

	"github.com/opal-photo/opal/modules/fault"
)

// ErrURL says that a database URL is not one OPAL understands.
var ErrURL = fault.New(fault.Invalid, "database_url_invalid",
	"DATABASE_URL must be postgres://user:password@host:5432/name?sslmode=require or sqlite:///path/to/file.db")

// URL is a parsed database URL.
type URL struct {
	Postgres bool
	DSN      string // Postgres: the connection string for pgx
	Path     string // SQLite: the file
}

// ParseURL reads sqlite:///path, postgres://…, postgresql://… and SQLAlchemy's
// postgresql+driver://…, which pgx would silently misread as a host name. Errors
// never hold the URL, because it may hold a password.
func ParseURL(s string) (URL, error) {
	scheme, rest, ok := strings.Cut(strings.TrimSpace(s), "://")
	if !ok {
		return URL{}, ErrURL.With("it has no scheme")
	}
	scheme, _, _ = strings.Cut(strings.ToLower(scheme), "+")
	switch scheme {
	case "postgres", "postgresql":
		u, err := url.Parse("postgres://" + rest)
		if err != nil {
			return URL{}, ErrURL.With("it can't be parsed; special characters in the password must be percent-encoded")
		}
		if u.Host == "" && !u.Query().Has("host") {
			return URL{}, ErrURL.With("it names no host")
		}
		return URL{Postgres: true, DSN: u.String()}, nil
	case "sqlite":
		// sqlite:///relative/path and sqlite:////absolute/path, as SQLAlchemy has it
		path, found := strings.CutPrefix(rest, "/")
		if !found || path == "" {
			return URL{}, ErrURL.With("a SQLite URL has three slashes and a path")
		}
		return URL{Path: filepath.FromSlash(path)}, nil
	}
	return URL{}, ErrURL.With("scheme %q is unknown", scheme)
}

// SQLiteURL returns the URL of a SQLite file.
func SQLiteURL(path string) string { return "sqlite:///" + filepath.ToSlash(path) }
