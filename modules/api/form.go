package api

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"
)

// formOf documents the form that guard has read.
func formOf(fields []Field) *huma.RequestBody {
	const text, binary = huma.TypeString, "binary"
	form := &huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{
		"tenant_id": {Type: text, Description: "The tenant; may be left out where the credentials name one"},
	}}
	for _, f := range fields {
		one := &huma.Schema{Type: text, Description: f.Doc}
		switch {
		case f.File:
			one.Format = binary
		case f.Many:
			one = &huma.Schema{Type: huma.TypeArray, Items: &huma.Schema{Type: text}, Description: f.Doc}
		}
		form.Properties[f.Name] = one
		if f.Required {
			form.Required = append(form.Required, f.Name)
		}
	}
	return &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"multipart/form-data": {Schema: form}}}
}

// readForm reads a multipart form; large files are spooled to disk.
func (s *server) readForm(c echo.Context, rt *route) (*multipart.Form, error) {
	r := c.Request()
	t, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case err != nil || t != "multipart/form-data":
		return nil, errNotForm
	case parameters["boundary"] == "":
		return nil, errBodyRead.With("its Content-Type names no boundary; HTTP libraries set it where nobody else sets that header")
	}
	files := int64(0)
	for _, f := range rt.Form {
		if f.File {
			files++
		}
	}
	paced(c.Response(), r, s.formPace)
	r.Body = http.MaxBytesReader(c.Response(), r.Body, files*s.MaxUpload+formOverhead)
	err = r.ParseMultipartForm(formMemory)
	if err != nil {
		if r.MultipartForm != nil {
			_ = r.MultipartForm.RemoveAll()
		}
		c.Response().Header().Set("Connection", "close")
		return nil, bodyError(err)
	}
	return r.MultipartForm, nil
}

// checkForm refuses text that can't be kept, and notes fields that the call doesn't
// know.
func checkForm(found *call, fields []Field) error {
	for _, f := range fields {
		if f.File { // a file that came as text is missing, and no text to be judged
			delete(found.form.Value, f.Name)
		}
	}
	if err := checkQuery(found.form.Value); err != nil {
		return err
	}
	files := map[string][]string{}
	for name, list := range found.form.File {
		for _, f := range list {
			files[name] = append(files[name], f.Filename)
		}
	}
	if err := checkQuery(files); err != nil {
		return err
	}
	for _, names := range [][]string{slices.Collect(maps.Keys(found.form.Value)), slices.Collect(maps.Keys(files))} {
		for _, name := range names {
			known := name == "tenant_id" || slices.ContainsFunc(fields, func(f Field) bool { return f.Name == name })
			if !known && len(found.unknown) < maxFields {
				found.unknown = append(found.unknown, shortened(name))
			}
		}
	}
	slices.Sort(found.unknown)
	return nil
}

// formPhoto opens the one photo of a form, in its field "file". The caller closes it.
//
// Errors: errFileField, errPhotoSize.
func (s *server) formPhoto(form *multipart.Form) (*multipart.FileHeader, multipart.File, error) {
	files := form.File["file"]
	if len(files) != 1 {
		return nil, nil, errFileField.With("it has %d; a part without a file name counts as text", len(files))
	}
	body, err := s.openPart(files[0])
	return files[0], body, err
}

// openPart opens a file of a form that is not larger than a photo may be.
func (s *server) openPart(f *multipart.FileHeader) (multipart.File, error) {
	if f.Size > s.MaxUpload {
		return nil, errPhotoSize.With("%d bytes; %d is the limit", f.Size, s.MaxUpload)
	}
	body, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("open the spooled photo: %w", err)
	}
	return body, nil
}

// formDigest is what tells one form from another: programs write a form with another
// boundary each time.
func formDigest(form *multipart.Form) ([]byte, error) {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(form.Value)) {
		fmt.Fprintf(h, "%q %q\n", name, form.Value[name])
	}
	for _, name := range slices.Sorted(maps.Keys(form.File)) {
		for _, f := range form.File[name] {
			fmt.Fprintf(h, "%q %q %d\n", name, f.Filename, f.Size)
			if err := hashFile(h, f); err != nil {
				return nil, err
			}
		}
	}
	return h.Sum(nil), nil
}

func hashFile(h hash.Hash, f *multipart.FileHeader) error {
	r, err := f.Open()
	if err != nil {
		return fmt.Errorf("open the spooled file: %w", err)
	}
	_, err = io.Copy(h, r)
	return cmp.Or(err, r.Close())
}
