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

// maxPlateText bounds that file, in bytes.
const maxPlateText = 64 << 10

var errPlateFile = fault.New(fault.Invalid, "plate_unreadable", "The plate can't be read")

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
	seen := map[string]bool{}
	for _, file := range files {
		if seen[absolute(file)] { // named twice, it is one background
			continue
		}
		seen[absolute(file)] = true
		raw, err := readPlate(file)
		if err != nil {
			return nil, nil, err
		}
		p, err := prepare(ctx, raw)
		switch k := fault.KindOf(err); {
		case k == fault.Unsupported || k == fault.TooLarge || k == fault.Invalid: // a wrong name on the command line
			return nil, nil, errPlateFile.With("%s: %v", filename.Show(file), err)
		case err != nil:
			return nil, nil, fmt.Errorf("%s: %w", file, err)
		}
		if err := correctBeside(ctx, &p, file); err != nil {
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
func correctBeside(ctx context.Context, p *pipeline.Plate, file string) error {
	if _, err := os.Stat(file + plateSuffix); errors.Is(err, fs.ErrNotExist) {
		return misnamed(ctx, file)
	}
	said, err := read(ctx, nil, file+plateSuffix, maxPlateText)
	if err != nil {
		return errPlateFile.With("%s%s: %v", filename.Show(file), plateSuffix, err)
	}
	if err := correctPlate(p, said); err != nil {
		return fmt.Errorf("%s%s: %w", file, plateSuffix, err)
	}
	return nil
}

// misnamed fails when a file corrects the guess about a plate under the name that people would
// take first: without the photograph's ending.
func misnamed(ctx context.Context, file string) error {
	near := strings.TrimSuffix(file, filepath.Ext(file)) + plateSuffix
	if said, err := read(ctx, nil, near, maxPlateText); err == nil && picture.SaysOfPlate(said) {
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
	if info, err := os.Stat(file); err == nil && info.IsDir() {
		return nil, errPlateFile.With("%s is a folder: name the photographs in it, each with --plate", filename.Show(file))
	}
	b, err := readPlain(file, imagefile.MaxBytes)
	if err == nil && len(b) == 0 {
		err = errors.New("it is empty")
	}
	if err != nil {
		return nil, errPlateFile.With("%s: %v", filename.Show(file), err)
	}
	return b, nil
}
