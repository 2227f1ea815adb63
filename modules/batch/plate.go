package batch

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/filename"
	"github.com/opal-photo/opal/modules/imagefile"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
)

// plateSuffix ends the name of the file that corrects the guess about a plate beside it.
const plateSuffix = ".json"

// PreparePlate makes a plate of a photograph's bytes; see studio.PreparePlate.
type PreparePlate func(ctx context.Context, photo []byte) (pipeline.Plate, error)

// ReadPlates reads photographs of sets, by the scene types under which they are named,
// and the scene types in their order. A file of the same name with .json behind it
// corrects what is guessed of one.
//
// Errors: those of the photographs, picture.ErrPlate.
func ReadPlates(ctx context.Context, files []string, prepare PreparePlate) (map[string]pipeline.Plate, []string, error) {
	plates := map[string]pipeline.Plate{}
	var scenes []string
	var names filename.Names
	for _, file := range files {
		raw, err := readPlate(file)
		if err != nil {
			return nil, nil, err
		}
		p, err := prepare(ctx, raw)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", file, err)
		}
		if err := correctBeside(&p, file); err != nil {
			return nil, nil, err
		}
		scene := picture.PlateScene(names.Unique(filename.Slug(filename.Stem(file)), ""))
		plates[scene] = p
		scenes = append(scenes, scene)
	}
	return plates, scenes, nil
}

// correctBeside corrects the guess about a plate by the file beside its photograph, where there
// is one.
func correctBeside(p *pipeline.Plate, file string) error {
	said, err := os.ReadFile(file + plateSuffix)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return misnamed(file)
	case err != nil:
		return err
	}
	if err := correctPlate(p, said); err != nil {
		return fmt.Errorf("%s%s: %w", file, plateSuffix, err)
	}
	return nil
}

// misnamed fails when a file corrects the guess about a plate under the name that people would
// take first: without the photograph's ending.
func misnamed(file string) error {
	near := strings.TrimSuffix(file, filepath.Ext(file)) + plateSuffix
	if said, err := os.ReadFile(near); err == nil && picture.SaysOfPlate(said) {
		return picture.ErrPlate.With("%s is not read: name it %s%s", near, file, plateSuffix)
	}
	return nil
}

// correctPlate corrects the guess about a plate by the text of its file.
func correctPlate(p *pipeline.Plate, text []byte) error {
	said, err := picture.ParsePlateSaid(text)
	if err != nil {
		return err
	}
	info, err := imagefile.Inspect(p.File)
	if err != nil {
		return err
	}
	p.Plate, err = p.Corrected(p.Plate, said, nil, info.Width, info.Height)
	return err
}

func readPlate(file string) ([]byte, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > imagefile.MaxBytes {
		return nil, fault.New(fault.Invalid, "plate_unreadable", fmt.Sprintf("%s is not a picture of at most %d MB", file, imagefile.MaxBytes>>20))
	}
	return os.ReadFile(file)
}
