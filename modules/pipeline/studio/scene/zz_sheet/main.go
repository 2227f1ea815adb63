// Command sheet renders products × scenes into one contact sheet.
package main

import (
	"flag"
	"fmt"
	"image"
	"image/color"
	_ "image/jpeg"
	"image/png"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"context"
	"github.com/opal-photo/opal/modules/pipeline/studio/scene"
	"image/draw"
)

func main() {
	scenes := flag.String("scenes", strings.Join(scene.Names(), ","), "scenes, comma separated")
	size := flag.String("size", "2048x2048", "render size, or several separated by commas")
	cell := flag.Int("cell", 360, "longest side of a picture on the sheet, 0 for full size")
	prompt := flag.String("prompt", "", "steering text")
	palette := flag.String("palette", "", "brand colours, comma separated hex")
	light := flag.Int("light", 0, "-1 left, 0 auto, 1 right")
	fill := flag.Float64("fill", 0, "fill")
	seed := flag.Uint64("seed", 1, "seed")
	out := flag.String("out", "sheet.png", "contact sheet to write")
	layers := flag.String("layers", "", "folder for the layers of every render")
	cols := flag.String("pose", "", "flat or standing")
	flag.Parse()

	engine := scene.New(8)
	names := strings.Split(*scenes, ",")
	var colours []string
	if *palette != "" {
		colours = strings.Split(*palette, ",")
	}
	sizes := parseSizes(*size)
	columns := len(names) * len(sizes)
	pictures := make([]image.Image, columns*flag.NArg())
	var cold, warm time.Duration
	var nCold, nWarm int
	// Scene by scene, so that each backdrop is built once per sheet.
	for si, name := range names {
		for zi, wh := range sizes {
			for row, file := range flag.Args() {
				product, err := read(file)
				if err != nil {
					log.Fatal(err)
				}
				start := time.Now()
				res, err := engine.Render(context.Background(), scene.Request{
					Product: product, Title: filepath.Base(file), Scene: name, Prompt: *prompt, Palette: colours,
					Fill: *fill, Pose: map[string]scene.Pose{"flat": scene.PoseFlat, "standing": scene.PoseStanding}[*cols], Light: scene.Light(*light), Width: wh[0], Height: wh[1], Seed: *seed,
				})
				if err != nil {
					log.Fatal(err)
				}
				took := time.Since(start)
				if res.Meta.Cached {
					warm, nWarm = warm+took, nWarm+1
				} else {
					cold, nCold = cold+took, nCold+1
				}
				fmt.Printf("%-10s %-34s cached=%-5v pose=%v light=%v %v\n", name, filepath.Base(file), res.Meta.Cached, res.Meta.Pose, res.Meta.Light, took.Round(time.Millisecond))
				if *layers != "" {
					save(filepath.Join(*layers, fmt.Sprintf("%d-%s-backdrop.png", row, name)), res.Backdrop)
					save(filepath.Join(*layers, fmt.Sprintf("%d-%s-shadow.png", row, name)), res.Shadow)
					save(filepath.Join(*layers, fmt.Sprintf("%d-%s-product.png", row, name)), res.Product)
					save(filepath.Join(*layers, fmt.Sprintf("%d-%s-flat.png", row, name)), res.Flat)
				}
				pictures[row*columns+si*len(sizes)+zi] = shrink(res.Flat, *cell)
			}
		}
	}
	fmt.Printf("not cached %v (%d), cached %v (%d)\n", cold/time.Duration(max(nCold, 1)), nCold, warm/time.Duration(max(nWarm, 1)), nWarm)
	save(*out, tile(pictures, columns))
}

func parseSizes(s string) [][2]int {
	var out [][2]int
	for _, part := range strings.Split(s, ",") {
		w, h, _ := strings.Cut(part, "x")
		a, err1 := strconv.Atoi(w)
		b, err2 := strconv.Atoi(h)
		if err1 != nil || err2 != nil {
			log.Fatalf("bad size %q", part)
		}
		out = append(out, [2]int{a, b})
	}
	return out
}

func read(file string) (*image.NRGBA, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	m, _, err := image.Decode(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	out := image.NewNRGBA(m.Bounds())
	draw.Draw(out, out.Rect, m, m.Bounds().Min, draw.Src)
	return out, nil
}

func save(file string, m image.Image) {
	f, err := os.Create(file)
	if err != nil {
		log.Fatal(err)
	}
	enc := png.Encoder{CompressionLevel: png.BestSpeed}
	if err := enc.Encode(f, m); err != nil {
		log.Fatal(err)
	}
	if err := f.Close(); err != nil {
		log.Fatal(err)
	}
}

// shrink averages whole blocks; good enough for a preview.
func shrink(m *image.NRGBA, side int) image.Image {
	b := m.Bounds()
	if side == 0 || max(b.Dx(), b.Dy()) <= side {
		return m
	}
	k := float64(max(b.Dx(), b.Dy())) / float64(side)
	w, h := int(float64(b.Dx())/k), int(float64(b.Dy())/k)
	out := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			var s [3]int
			n := 0
			for sy := int(float64(y) * k); sy < int(float64(y+1)*k); sy++ {
				for sx := int(float64(x) * k); sx < int(float64(x+1)*k); sx++ {
					p := m.Pix[sy*m.Stride+sx*4:]
					s[0], s[1], s[2], n = s[0]+int(p[0]), s[1]+int(p[1]), s[2]+int(p[2]), n+1
				}
			}
			n = max(n, 1)
			out.SetNRGBA(x, y, color.NRGBA{uint8(s[0] / n), uint8(s[1] / n), uint8(s[2] / n), 255})
		}
	}
	return out
}

func tile(pictures []image.Image, columns int) image.Image {
	const gap = 6
	rows := (len(pictures) + columns - 1) / max(columns, 1)
	colW, rowH := make([]int, columns), make([]int, rows)
	for i, p := range pictures {
		colW[i%columns] = max(colW[i%columns], p.Bounds().Dx())
		rowH[i/columns] = max(rowH[i/columns], p.Bounds().Dy())
	}
	W, H := gap, gap
	for _, v := range colW {
		W += v + gap
	}
	for _, v := range rowH {
		H += v + gap
	}
	out := image.NewNRGBA(image.Rect(0, 0, W, H))
	draw.Draw(out, out.Rect, image.NewUniform(color.NRGBA{40, 40, 42, 255}), image.Point{}, draw.Src)
	y := gap
	for r := range rows {
		x := gap
		for c := range columns {
			if i := r*columns + c; i < len(pictures) {
				p := pictures[i]
				draw.Draw(out, p.Bounds().Add(image.Pt(x, y)), p, image.Point{}, draw.Src)
			}
			x += colW[c] + gap
		}
		y += rowH[r] + gap
	}
	return out
}
