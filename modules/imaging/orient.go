package imaging

import "image"

const bytesPerPixel = 4

// orientRows writes stored rows first..first+rows-1 to where they belong in
// the upright picture dst. src holds those rows without gaps.
func orientRows(dst *image.NRGBA, orientation int, src []byte, first, rows int) {
	w, h := dst.Rect.Dx(), dst.Rect.Dy()
	if orientation >= 5 {
		w, h = h, w
	}
	if orientation <= 1 && dst.Stride == w*bytesPerPixel {
		copy(dst.Pix[first*dst.Stride:], src[:rows*dst.Stride])
		return
	}
	// Each stored row becomes a row or a column of dst: where its first pixel
	// goes, and how far the next one is. EXIF 2.32 section 4.6.4, table 6.
	for i := range rows {
		y := first + i
		var at, step int
		switch orientation {
		default:
			at, step = y*dst.Stride, bytesPerPixel
		case 2: // mirrored
			at, step = y*dst.Stride+(w-1)*bytesPerPixel, -bytesPerPixel
		case 3: // upside down
			at, step = (h-1-y)*dst.Stride+(w-1)*bytesPerPixel, -bytesPerPixel
		case 4: // mirrored upside down
			at, step = (h-1-y)*dst.Stride, bytesPerPixel
		case 5: // mirrored along the main diagonal
			at, step = y*bytesPerPixel, dst.Stride
		case 6: // to be turned clockwise
			at, step = (h-1-y)*bytesPerPixel, dst.Stride
		case 7: // mirrored along the other diagonal
			at, step = (w-1)*dst.Stride+(h-1-y)*bytesPerPixel, -dst.Stride
		case 8: // to be turned counter-clockwise
			at, step = (w-1)*dst.Stride+y*bytesPerPixel, -dst.Stride
		}
		row := src[i*w*bytesPerPixel : (i+1)*w*bytesPerPixel]
		for x := 0; x < len(row); x += bytesPerPixel {
			copy(dst.Pix[at:at+bytesPerPixel], row[x:x+bytesPerPixel])
			at += step
		}
	}
}
