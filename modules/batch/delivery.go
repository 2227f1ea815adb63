package batch

import (
	"bytes"
	"errors"
	"io"
	"path"
	"path/filepath"
	"strings"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/check"
	"github.com/opal-photo/opal/modules/export"
	"github.com/opal-photo/opal/modules/filename"
	"github.com/opal-photo/opal/modules/picture"
)

// deliveryFolder holds the finished files under the names that their channels demand.
const deliveryFolder = "channels"

// productOf returns what is known of a photo's product: by the list of products, and by
// its name.
func (r *run) productOf(file string) picture.Product {
	return r.Products[productKey(file)].Or(filename.Product(filepath.Base(file)))
}

// deliver lays all finished variants out as a job's ZIP does: a folder a channel, the
// names that it demands, folder review, and the manifests. The files of the photos'
// own folders stay.
func (r *run) deliver() error {
	rep := r.journal.report
	var files []export.Unnamed
	var entries []export.Entry
	var from []string
	laid := map[string]bool{} // what shows no scene is the same of all scenes of a photo, and lies there once
	for _, it := range rep.Items {
		if it.Status != Completed {
			continue
		}
		src := export.Source{Filename: filepath.Base(it.File), Scene: it.Scene, Product: r.productOf(it.File)}
		if it.Scene != "" {
			src.BackdropPath = it.Output // a name has its scene where there is one
			src.PlateName, _ = picture.ParsePlate(it.Scene)
		}
		for _, v := range it.Variants {
			p, ok := channel.Find(v.Preset)
			at, hash := r.below(it, v)
			if !ok || at == "" {
				continue
			}
			src := src
			if p.Background != channel.Scene {
				src.Scene = ""
				same := strings.Join([]string{it.File, v.Preset, hash}, "\n")
				if laid[same] {
					continue
				}
				laid[same] = true
			}
			u := export.Unnamed{Preset: p, Source: src}
			e := export.NewEntry(p, src)
			e.Status, e.Width, e.Height, e.Bytes = v.Status, v.Width, v.Height, int64(v.Bytes)
			e.Checks, e.Confidence, e.NeedsReview, e.ReviewReason = append([]check.Check{}, v.Checks...), it.Confidence, it.NeedsReview, it.ReviewReason
			if it.NeedsReview {
				pending := picture.ReviewPending
				u.Within, e.Review = export.ReviewFolder, &pending
			}
			files, entries, from = append(files, u), append(entries, e), append(from, at)
		}
	}
	if len(files) == 0 {
		return nil
	}
	var names export.Names
	names.Reserve(export.ManifestJSON, export.ManifestCSV)
	var errs []error
	for i, n := range names.All(files) {
		entries[i].File, entries[i].NameProblem = n.Path, n.Problem
		if n.Slot != "" {
			entries[i].Slot = n.Slot
		}
		b, err := r.folder.read(from[i])
		if err == nil {
			err = r.lay(n.Path, b)
		}
		errs = append(errs, err)
	}
	for _, m := range []struct {
		name  string
		write func(io.Writer, []export.Entry) error
	}{{export.ManifestJSON, export.WriteManifestJSON}, {export.ManifestCSV, export.WriteManifestCSV}} {
		var b bytes.Buffer
		err := m.write(&b, entries)
		if err == nil {
			err = r.lay(m.name, b.Bytes())
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// lay writes a file of the delivery and notes it in the report.
func (r *run) lay(name string, b []byte) error {
	name = path.Join(deliveryFolder, name)
	if err := r.folder.write(name, b); err != nil {
		return err
	}
	return r.journal.update(func(rep *Report) {
		rep.Delivery = append(rep.Delivery, File{Path: name, SHA256: hashOf(b), Bytes: len(b)})
	})
}

// below returns the name of a variant's file below the folder of the results, and the SHA-256
// of its bytes; "" when the item doesn't list it.
func (r *run) below(it *Item, v Variant) (at, hash string) {
	for _, f := range it.Files {
		if r.folder.shown(f.Path) == v.File || strings.HasSuffix(filepath.ToSlash(v.File), "/"+f.Path) {
			return f.Path, f.SHA256
		}
	}
	return "", ""
}
