// Package batch works on files without a server: it finds photos, has them worked on
// side by side, writes what comes of each into a folder, and reports. The commands
// `opal process` and `opal cutout` are its callers.
//
// It overwrites no file that OPAL didn't make, takes none of OPAL's results for a
// photo, and writes nothing outside its folder, whatever photos are called.
package batch

import (
	"errors"
	"io"
	"runtime"

	"github.com/opal-photo/opal/modules/fault"
)

// The faults of a path or a folder. Each ends one photo, not the run.
var (
	ErrNotFound     = fault.New(fault.NotFound, "not_found", "There is no such file or folder")
	ErrNotAFile     = fault.New(fault.Invalid, "not_a_file", "It is not a file, nor a folder of files")
	ErrUnreadable   = fault.New(fault.Forbidden, "not_readable", "It can't be read; check its permissions")
	ErrTooLarge     = fault.New(fault.TooLarge, "image_too_large", "The file is too large; export it smaller")
	ErrOutputExists = fault.New(fault.Conflict, "output_exists",
		"A file that OPAL didn't make is in the way; choose another folder with --out, or overwrite it with --force")
	ErrNotWritten = fault.New(fault.Unavailable, "not_written", "The result can't be written")
)

// The errors that end a run.
var (
	ErrNoPictures = fault.New(fault.Invalid, "no_pictures", "No pictures were found; name files, or folders that hold JPEG, PNG, WebP, HEIC, AVIF or TIFF files")
	ErrReport     = fault.New(fault.Invalid, "report_invalid", "The folder's report.json can't be used; choose another folder with --out")
	ErrInUse      = fault.New(fault.Conflict, "out_in_use", "Another run writes into this folder: wait until it has ended, or choose another folder with --out")

	// ErrFailed says that something of the run failed, was rejected or broke a
	// rule that counts. The run has already reported the details.
	ErrFailed = errors.New("some of it failed")
	// ErrInterrupted says that the run was ended from outside. Items finished by
	// then are written and reported.
	ErrInterrupted = errors.New("interrupted")
)

// Streams are the inputs and outputs of a run.
type Streams struct {
	In    io.Reader // the picture that the path "-" stands for
	Out   io.Writer // results: JSON lines
	Err   io.Writer // words and progress for people
	Quiet bool      // nothing goes to Err but what ends the run
}

// MaxJobs bounds how many photos are worked on side by side.
const MaxJobs = 64

// DefaultJobs returns how many photos are worked on side by side by default: each
// takes some 250 MB at 12 megapixels and keeps more than one processor busy.
func DefaultJobs() int { return max(1, min(2, runtime.GOMAXPROCS(0))) }
