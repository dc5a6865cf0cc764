package translate

import (
	"context"
	"fmt"
	"sync"
)

// flights lets those who ask the same at the same time share one answer. The
// question goes on while anybody waits for it: that the first one leaves does
// not spoil it for the rest.
type flights[T any] struct {
	mu sync.Mutex
	m  map[string]*flight[T]
}

type flight[T any] struct {
	done    chan struct{}
	cancel  context.CancelFunc
	waiting int
	value   T
	err     error
}

func (g *flights[T]) do(ctx context.Context, key string, f func(context.Context) (T, error)) (T, error) {
	var none T
	if err := ctx.Err(); err != nil {
		return none, err
	}
	g.mu.Lock()
	x := g.m[key]
	if x == nil {
		inner, cancel := context.WithCancel(context.WithoutCancel(ctx))
		x = &flight[T]{done: make(chan struct{}), cancel: cancel}
		if g.m == nil {
			g.m = map[string]*flight[T]{}
		}
		g.m[key] = x
		go g.run(inner, key, x, f)
	}
	x.waiting++
	g.mu.Unlock()
	select {
	case <-x.done:
		return x.value, x.err
	case <-ctx.Done():
		g.mu.Lock()
		defer g.mu.Unlock()
		if x.waiting--; x.waiting == 0 {
			g.forget(key, x)
			x.cancel()
		}
		return none, ctx.Err()
	}
}

func (g *flights[T]) run(ctx context.Context, key string, x *flight[T], f func(context.Context) (T, error)) {
	defer x.cancel()
	defer close(x.done)
	defer func() {
		// An engine's fault must not end the desk. What it says may hold text.
		if p := recover(); p != nil {
			x.err = fmt.Errorf("translate: the engine panicked with a %T", p)
		}
		g.mu.Lock()
		g.forget(key, x)
		g.mu.Unlock()
	}()
	x.value, x.err = f(ctx)
}

// forget makes room for the next to ask anew. g.mu is held.
func (g *flights[T]) forget(key string, x *flight[T]) {
	if g.m[key] == x {
		delete(g.m, key)
	}
}
