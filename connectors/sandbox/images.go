package sandbox

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"strconv"
	"strings"
)

// serveImage paints a small picture: below 100 an item, from 100 on the same
// item broken.
func (w *World) serveImage(rw http.ResponseWriter, r *http.Request) {
	n, err := strconv.Atoi(strings.TrimSuffix(r.PathValue("name"), ".png"))
	if err != nil || n < 0 || n > 9999 || !strings.HasSuffix(r.PathValue("name"), ".png") {
		http.NotFound(rw, r)
		return
	}
	rw.Header().Set("Content-Type", "image/png")
	rw.Header().Set("Cache-Control", "max-age=3600")
	_, _ = rw.Write(picture(n))
}

func picture(n int) []byte {
	const size = 160
	img := image.NewPaletted(image.Rect(0, 0, size, size), color.Palette{
		color.RGBA{0xf4, 0xf1, 0xea, 0xff},
		color.RGBA{uint8(60 + n*53%150), uint8(60 + n*97%150), uint8(60 + n*31%150), 0xff},
		color.RGBA{0x2b, 0x2b, 0x2b, 0xff},
		color.RGBA{0xff, 0xff, 0xff, 0xff},
	})
	for y := range size {
		for x := range size {
			dx, dy := x-size/2, y-size/2
			var in bool
			switch n % 4 {
			case 0: // a round thing
				in = dx*dx+dy*dy < 50*50
			case 1: // a box
				in = abs(dx) < 48 && abs(dy) < 36
			case 2: // a cone
				in = dy > -50 && dy < 50 && abs(dx) < (dy+50)/2
			default: // a ring
				d := dx*dx + dy*dy
				in = d < 52*52 && d > 26*26
			}
			if !in {
				continue
			}
			img.SetColorIndex(x, y, 1)
			if dx+dy < -30 && dx+dy > -38 {
				img.SetColorIndex(x, y, 3)
			}
			if crack := (y*7/3)%17 - 8; n >= 100 && abs(dx-crack) < 3 {
				img.SetColorIndex(x, y, 2)
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil { // cannot happen: the picture is small and in memory
		return nil
	}
	return b.Bytes()
}

func abs(n int) int { return max(n, -n) }
