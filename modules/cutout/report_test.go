package cutout_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"image"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/opal-photo/opal/modules/cutout"
	"github.com/opal-photo/opal/modules/cutout/cutouttest"
)

// For tuning: more seeds, other seeds, and the pictures to look at.
var (
	seeds    = flag.Int("seeds", 2, "pictures per tier and shape in BenchmarkQuality")
	first    = flag.Uint64("first", heldOut, "first seed of BenchmarkQuality; thresholds and weights are tuned below 1000")
	pictures = flag.String("pictures", "", "folder for the worst cut-outs of BenchmarkQuality on magenta, and rows.json")
)

// heldOut is the first of the seeds that nothing is tuned on.
const heldOut = 5000

// goodIoU is the overlap from which a cut-out counts as good for the confidence.
const goodIoU = .95

// accept is the confidence from which a cut-out is used unseen.
const accept = .8

type row struct {
	Name       string
	Tier       cutouttest.Tier
	Score      cutouttest.Score
	Confidence float64
	Features   cutout.Features
	Millis     float64
}

// BenchmarkQuality reports how good the cut-outs of generated photos are, per
// tier and over all: it is a report more than a timing.
func BenchmarkQuality(b *testing.B) {
	for b.Loop() {
		rows := evaluate(b, *first, *seeds)
		report(rows)
		if *pictures != "" {
			for i := range rows {
				if math.IsInf(rows[i].Score.Boundary, 0) {
					rows[i].Score.Boundary = 999
				}
			}
			j, err := json.Marshal(rows)
			if err != nil {
				b.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(*pictures, "rows.json"), j, 0o644); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// evaluate cuts n pictures of each tier and shape.
func evaluate(b *testing.B, from uint64, n int) []row {
	type task struct {
		t cutouttest.Tier
		f cutouttest.Family
		s uint64
	}
	var tasks []task
	for _, t := range cutouttest.Tiers() {
		for _, f := range cutouttest.Families() {
			for s := range n {
				tasks = append(tasks, task{t, f, from + uint64(s)})
			}
		}
	}
	rows := make([]row, len(tasks))
	var wg sync.WaitGroup
	next := make(chan int)
	for range 2 {
		wg.Go(func() {
			for i := range next {
				k := tasks[i]
				w, h := 1200, 900
				if k.s%3 == 0 {
					w, h = 960, 1200
				}
				p := cutouttest.New(k.t, k.f, w, h, k.s)
				r := cutout.Cut(p.Image)
				rows[i] = row{Name: p.Name, Tier: k.t, Score: cutouttest.Compare(r.Alpha, p.Alpha), Confidence: r.Confidence, Features: r.Features}
				if *pictures != "" {
					if err := save(filepath.Join(*pictures, p.Name+".png"), sideBySide(p, r)); err != nil {
						b.Error(err)
					}
				}
			}
		})
	}
	for i := range tasks {
		next <- i
	}
	close(next)
	wg.Wait()
	return rows
}

func report(rows []row) {
	fmt.Printf("\n%-16s %3s %7s %7s %9s %8s %6s\n", "tier", "n", "IoU", "lowest", "edge px", "band err", "AUC")
	line := func(name string, rows []row) {
		var iou, band, conf []float64
		var edge []float64
		var good []bool
		for _, r := range rows {
			iou, band, edge = append(iou, r.Score.IoU), append(band, r.Score.Band), append(edge, r.Score.Boundary)
			conf, good = append(conf, r.Confidence), append(good, r.Score.IoU > goodIoU)
		}
		slices.Sort(edge)
		fmt.Printf("%-16s %3d %7.4f %7.3f %9.2f %8.4f %6.3f\n", name, len(rows), mean(iou), slices.Min(iou), edge[len(edge)/2], mean(band), cutouttest.AUC(conf, good))
	}
	for _, t := range cutouttest.Tiers() {
		var of []row
		for _, r := range rows {
			if r.Tier == t {
				of = append(of, r)
			}
		}
		line(string(t), of)
	}
	line("all", rows)
	accepted, flagged, wrong, worst := 0, 0, 0, row{Score: cutouttest.Score{IoU: 1}}
	for _, r := range rows {
		if r.Confidence < cutout.ReviewBelow {
			flagged++
		}
		if r.Confidence >= accept {
			accepted++
			if r.Score.IoU < .9 {
				wrong++
			}
			if r.Score.IoU < worst.Score.IoU {
				worst = r
			}
		}
	}
	fmt.Printf("accepted (>= %.1f) %d of %d, of these below IoU .9: %d; flagged (< %.1f) %d\n", accept, accepted, len(rows), wrong, cutout.ReviewBelow, flagged)
	if worst.Name != "" {
		fmt.Printf("worst confident: %s, IoU %.3f at confidence %.2f\n", worst.Name, worst.Score.IoU, worst.Confidence)
	}
}

func mean(v []float64) float64 {
	var s float64
	for _, x := range v {
		s += x
	}
	return s / float64(len(v))
}

// sideBySide shows the photo and its cut-out on magenta.
func sideBySide(p *cutouttest.Photo, r *cutout.Result) *image.NRGBA {
	w, h := p.Image.Rect.Dx(), p.Image.Rect.Dy()
	o := image.NewNRGBA(image.Rect(0, 0, 2*w, h))
	magenta := [3]int{255, 0, 255}
	for y := range h {
		copy(o.Pix[y*o.Stride:], p.Image.Pix[y*w*4:(y+1)*w*4])
		for x := range w {
			i, j := (y*w+x)*4, o.PixOffset(w+x, y)
			a := int(r.Image.Pix[i+3])
			for c := range 3 {
				o.Pix[j+c] = uint8((int(r.Image.Pix[i+c])*a + magenta[c]*(255-a)) / 255)
			}
			o.Pix[j+3] = 255
		}
	}
	return o
}

func save(path string, m image.Image) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(f, m)
}
