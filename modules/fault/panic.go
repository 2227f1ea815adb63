package fault

import (
	"fmt"
	"runtime/debug"
	"sync"
)

// Panic is a panic that was caught. It is Internal: value and stack are for the
// log.
type Panic struct {
	Value any
	Stack []byte // of the goroutine that raised it
}

// Error returns the value and the stack.
func (p *Panic) Error() string { return fmt.Sprintf("panic: %v\n%s", p.Value, p.Stack) }

// Guard calls f and returns its error, or its panic as a *Panic. A *Panic that
// was raised again keeps its first stack.
func Guard(f func() error) (err error) {
	defer func() {
		switch v := recover().(type) {
		case nil:
		case *Panic:
			err = v
		default:
			err = &Panic{Value: v, Stack: debug.Stack()}
		}
	}()
	return f()
}

// Together runs the functions side by side and returns when all have ended. A
// panic in one of them would end the process; Together raises it in the caller's
// goroutine instead, as a *Panic, where Guard can catch it.
func Together(fs ...func()) {
	caught := make([]error, len(fs))
	var wg sync.WaitGroup
	for i, f := range fs {
		wg.Go(func() {
			caught[i] = Guard(func() error { f(); return nil })
		})
	}
	wg.Wait()
	for _, err := range caught {
		if err != nil {
			panic(err)
		}
	}
}
