package batch

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// The pace of what is told while the work lasts.
const (
	redraw    = time.Second // of the bar, whose time goes on while a photo takes long
	firstLine = 5 * time.Second
	mostApart = time.Minute // between two lines where there is no terminal
)

// progress shows how far a run has come: a bar on a terminal, from the first moment
// on, and a line now and then elsewhere.
type progress struct {
	w     io.Writer
	total int
	began time.Time
	bar   *progressbar.ProgressBar // nil without a terminal

	mu    sync.Mutex
	done  int
	ended bool
	stop  chan struct{}
	idle  sync.WaitGroup
}

func newProgress(s Streams, what string, total int) *progress {
	p := &progress{w: s.Err, total: total, began: time.Now(), stop: make(chan struct{})}
	if s.Quiet {
		return p
	}
	if isTerminal(s.Err) {
		p.bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(s.Err), progressbar.OptionShowCount(),
			progressbar.OptionSetDescription(what), progressbar.OptionSetPredictTime(true), progressbar.OptionClearOnFinish(),
			progressbar.OptionSetRenderBlankState(true))
		p.idle.Go(p.keepBar)
		return p
	}
	p.idle.Go(func() { p.keepLines(what) })
	return p
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func (p *progress) keepBar() {
	t := time.NewTicker(redraw)
	defer t.Stop()
	for {
		select {
		case <-p.stop:
			return
		case <-t.C:
			p.mu.Lock()
			if p.done < p.total {
				_ = p.bar.RenderBlank()
			}
			p.mu.Unlock()
		}
	}
}

func (p *progress) keepLines(what string) {
	said := -1
	for pause := firstLine; ; pause = min(2*pause, mostApart) {
		select {
		case <-p.stop:
			return
		case <-time.After(pause):
			p.mu.Lock()
			done := p.done
			p.mu.Unlock()
			if done == said { // nothing has ended since
				continue
			}
			said = done
			line := fmt.Sprintf("%s: %d of %d", what, done, p.total)
			if left := p.left(done); left > 0 {
				line += fmt.Sprintf(", about %s left", left.Round(time.Second))
			}
			fmt.Fprintln(p.w, line)
		}
	}
}

// left estimates the time to the end; 0 when too little is done to tell.
func (p *progress) left(done int) time.Duration {
	const enough = 3
	if done < enough {
		return 0
	}
	return time.Duration(float64(time.Since(p.began)) / float64(done) * float64(p.total-done))
}

// add counts one that ended.
func (p *progress) add() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done++
	if p.bar != nil && !p.ended {
		_ = p.bar.Add(1) // an error of the terminal doesn't fail the photo
	}
}

// end takes the bar off the terminal.
func (p *progress) end() {
	close(p.stop)
	p.idle.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true // photos that are still worked on draw nothing any more
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}
