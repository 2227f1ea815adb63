package main

import (
	"fmt"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"strings"

	"github.com/opal-photo/opal/modules/cutout/cutouttest"
	"github.com/opal-photo/opal/modules/imagefile"
	"github.com/opal-photo/opal/modules/imaging"
)

// fileSizes compares the bytes of what both made.
func fileSizes(k kind) func(*track) (string, error) {
	return func(t *track) (string, error) { return t.fileSizes(k) }
}

func (t *track) fileSizes(k kind) (string, error) {
	var sums [2]float64
	var counts [2]int
	for i, who := range []string{"ours", "theirs"} {
		files, err := filesOf(t.out(who))
		if err != nil {
			return "", err
		}
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err != nil {
				return "", err
			}
			more, err := beside(b)
			if err != nil {
				return "", fmt.Errorf("%s: %w", f, err)
			}
			sums[i] += float64(len(b) - more)
		}
		counts[i] = len(files)
	}
	if want := t.photos * len(sides[k]); counts != [2]int{want, want} {
		return "", fmt.Errorf("%d and %d files instead of %d each", counts[0], counts[1], want)
	}
	return fmt.Sprintf("%.2f × the bytes of pixels", sums[0]/sums[1]), nil
}

// beside returns how many bytes of a file are not of its picture: OPAL states how it was made
// and embeds a profile, where the peer writes neither, and a small file is half of that.
func beside(file []byte) (int, error) {
	info, err := imaging.Inspect(file)
	if err != nil {
		return 0, err
	}
	dot := imaging.Filled(1, 1, color.NRGBA{A: 255})
	bare, err := imaging.Encode(dot, imaging.EncodeOptions{Format: info.Format})
	if err != nil {
		return 0, err
	}
	full, err := imaging.Encode(dot, imaging.EncodeOptions{Format: info.Format, ICC: info.HasProfile, XMP: imagefile.ReadMetadata(info.Format, file).XMP})
	return len(full) - len(bare), err
}

// overlap compares the cut-outs of both with the truth: mean IoU.
func overlap(k kind) func(*track) (string, error) {
	return func(t *track) (string, error) { return t.overlap(k) }
}

func (t *track) overlap(k kind) (string, error) {
	var means [2]float64
	for i, who := range []string{"ours", "theirs"} {
		n := 0
		err := filepath.WalkDir(t.out(who), func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(path) != ".png" {
				return err
			}
			name, _, _ := strings.Cut(strings.TrimSuffix(d.Name(), ".png"), "-")
			truth, err := coverage(filepath.Join(t.truthOf(k), name+".png"))
			if err != nil {
				return err
			}
			got, err := coverage(path)
			if err != nil {
				return err
			}
			if got.Rect != truth.Rect {
				return fmt.Errorf("%s is %v instead of %v", path, got.Rect.Size(), truth.Rect.Size())
			}
			means[i] += cutouttest.Compare(got, truth).IoU
			n++
			return nil
		})
		if err != nil {
			return "", err
		}
		if n != t.photos {
			return "", fmt.Errorf("%s made %d cut-outs of %d photos", who, n, t.photos)
		}
		means[i] /= float64(n)
	}
	return fmt.Sprintf("IoU %.3f, peer's %.3f", means[0], means[1]), nil
}

// coverage reads the alpha of a PNG.
func coverage(path string) (*image.Alpha, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	img, err := imaging.DecodeOwn(b)
	if err != nil {
		return nil, err
	}
	mask := image.NewAlpha(img.Rect)
	for i := range mask.Pix {
		mask.Pix[i] = img.Pix[4*i+3]
	}
	return mask, nil
}
