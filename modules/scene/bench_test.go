package scene

import (
	"context"
	"testing"

	"github.com/opal-photo/opal/modules/picture"
)

func BenchmarkRender(b *testing.B) {
	product := bottle(2000, 2000, green)
	for _, side := range []int{1024, 2048} {
		for _, pose := range []Pose{PoseStanding, PoseFlat} {
			for _, name := range picture.SceneTypes() {
				req := Request{Product: product, Scene: name, Pose: pose, Width: side, Height: side, Palette: []string{"#d9c5a3"}}
				label := name + "/" + pose.String()
				if side == 2048 {
					label += "/2048"
				}
				b.Run(label+"/cold", func(b *testing.B) {
					for b.Loop() {
						if _, err := New(0).Render(context.Background(), req); err != nil {
							b.Fatal(err)
						}
					}
				})
				e := New(1)
				render(b, e, req)
				b.Run(label+"/cached", func(b *testing.B) {
					for b.Loop() {
						render(b, e, req)
					}
				})
			}
		}
	}
}
