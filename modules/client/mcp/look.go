package mcp

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp" // a format of variants

	"github.com/opal-photo/opal/modules/client"
	"github.com/opal-photo/opal/modules/fault"
)

const (
	longest   = 1024     // pixels of a picture's longer side in an answer
	maxFile   = 64 << 20 // bytes of a picture that is looked at
	maxPixels = 64 << 20 // its pixels
	quality   = 85       // of the JPEG in an answer
)

// Errors of looking.
var (
	errNoPicture = fault.New(fault.NotFound, "picture_missing", "There is no such picture yet")
	errPicture   = fault.New(fault.Unsupported, "picture_unshowable", "This picture can't be shown")
)

// Look asks for a picture.
type Look struct {
	JobID  string `json:"job_id"`
	ItemID string `json:"item_id"`
	What   string `json:"what,omitempty"`
}

// Seen describes the picture that goes with it.
type Seen struct {
	ItemID string `json:"item_id"`
	What   string `json:"what"`
	Width  int    `json:"width"` // of the whole picture, in pixels
	Height int    `json:"height"`
	Shown  [2]int `json:"shown"` // width and height of what is shown
}

func (s *server) look(ctx context.Context, _ *sdk.CallToolRequest, in Look) (*sdk.CallToolResult, Seen, error) {
	if in.What == "" {
		in.What = "picture"
	}
	out := Seen{ItemID: in.ItemID, What: in.What}
	j, err := s.Client.Job(ctx, in.JobID)
	if err != nil {
		return nil, out, err
	}
	it, err := itemOf(j, in.ItemID)
	if err != nil {
		return nil, out, err
	}
	u, err := s.address(ctx, it, in.What)
	if err != nil {
		return nil, out, err
	}
	if err := pictures.Acquire(ctx, 1); err != nil {
		return nil, out, err
	}
	defer pictures.Release(1)
	b := &bounded{left: maxFile}
	if _, err := s.Client.Fetch(ctx, u, b); err != nil {
		return nil, out, err
	}
	shown, kind, full, err := small(b.Bytes())
	if err != nil {
		return nil, out, err
	}
	out.Width, out.Height = full.X, full.Y
	size := fit(full)
	out.Shown = [2]int{size.X, size.Y}
	words := fmt.Sprintf("%s of item %s, %d×%d pixels, shown at %d×%d", in.What, in.ItemID, full.X, full.Y, size.X, size.Y)
	return &sdk.CallToolResult{Content: []sdk.Content{&sdk.TextContent{Text: plain(words, maxText)}, &sdk.ImageContent{Data: shown, MIMEType: kind}}}, out, nil
}

func itemOf(j client.Job, id string) (client.Item, error) {
	for _, it := range j.Items {
		if it.ItemID == id {
			return it, nil
		}
	}
	return client.Item{}, errNoPicture.With("the job has no item %q; wait_for_job lists them", id)
}

// address returns the URL of an item's picture.
func (s *server) address(ctx context.Context, it client.Item, what string) (string, error) {
	var d client.Download
	var err error
	switch what {
	case "picture":
		if it.OutputBlobPath == nil {
			return "", errNoPicture.With("the item is %s; wait_for_job waits for it", it.Status)
		}
		d, err = s.Client.OutputURL(ctx, it.ItemID)
	case "cutout":
		if it.CutoutBlobPath == nil {
			return "", errNoPicture.With("the item has no cut-out; it is %s", it.Status)
		}
		d, err = s.Client.CutoutURL(ctx, it.ItemID)
	default:
		var v *client.Variant
		for i := range it.Exports {
			if it.Exports[i].Preset == what {
				v = &it.Exports[i]
			}
		}
		switch {
		case v == nil:
			return "", errNoPicture.With("the item has no variant %q; what is picture, cutout or a preset of the job", what)
		case !made(*v):
			return "", errNoPicture.With("the variant is %s", v.Status)
		case v.Format == "avif":
			return "", errPicture.With("AVIF; look at picture in its place, or download it")
		}
		d, err = s.Client.VariantURL(ctx, it.ItemID, what)
	}
	return d.DownloadURL, err
}

// bounded is a buffer that refuses more than it may hold.
type bounded struct {
	bytes.Buffer
	left int
}

// Write writes, or fails beyond the bound.
func (b *bounded) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left < 0 {
		return 0, errPicture.With("it has more than %d bytes; download it", maxFile)
	}
	return b.Buffer.Write(p)
}

var _ io.Writer = (*bounded)(nil)

// small returns a picture that fits into an answer, as JPEG or, where it is
// transparent, as PNG, and the size of the whole.
func small(b []byte) (shown []byte, kind string, full image.Point, err error) {
	c, _, err := image.DecodeConfig(bytes.NewReader(b))
	if err != nil {
		return nil, "", full, errPicture.With("%v", err)
	}
	if c.Width <= 0 || c.Height <= 0 || c.Width > maxPixels/c.Height {
		return nil, "", full, errPicture.With("%d×%d pixels are too many; download it", c.Width, c.Height)
	}
	img, _, err := image.Decode(bytes.NewReader(b))
	if err != nil {
		return nil, "", full, errPicture.With("%v", err)
	}
	full = img.Bounds().Size()
	to := image.NewNRGBA(image.Rectangle{Max: fit(full)})
	draw.CatmullRom.Scale(to, to.Rect, img, img.Bounds(), draw.Src, nil)
	var out bytes.Buffer
	if to.Opaque() {
		err = jpeg.Encode(&out, to, &jpeg.Options{Quality: quality})
		kind = "image/jpeg"
	} else {
		err = png.Encode(&out, to)
		kind = "image/png"
	}
	return out.Bytes(), kind, full, err
}

// fit returns a size of the same proportions whose longer side is at most longest.
func fit(p image.Point) image.Point {
	long := max(p.X, p.Y)
	if long <= longest {
		return p
	}
	return image.Pt(max(1, (p.X*longest+long/2)/long), max(1, (p.Y*longest+long/2)/long))
}
