package telegram

import (
	"context"
	"sync"
)

// memory is a map that forgets: when the young half is full, the old half goes.
type memory[K comparable, V any] struct {
	mu         sync.Mutex
	young, old map[K]V
	half       int
}

func newMemory[K comparable, V any](size int) *memory[K, V] {
	return &memory[K, V]{young: map[K]V{}, half: max(1, size/2)}
}

func (m *memory[K, V]) put(k K, v V) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.young) >= m.half {
		m.young, m.old = make(map[K]V, m.half), m.young
	}
	m.young[k] = v
}

func (m *memory[K, V]) get(k K) (V, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if v, ok := m.young[k]; ok {
		return v, true
	}
	v, ok := m.old[k]
	return v, ok
}

func (m *memory[K, V]) drop(k K) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.young, k)
	delete(m.old, k)
}

// memoryDialogues keeps half-filled forms as long as the process lives.
type memoryDialogues struct {
	mu   sync.Mutex
	kept map[string][]byte
}

func (m *memoryDialogues) Load(_ context.Context, key string) ([]byte, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.kept[key]
	return v, ok, nil
}

func (m *memoryDialogues) Save(_ context.Context, key string, value []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.kept[key] = value
	return nil
}

func (m *memoryDialogues) Delete(_ context.Context, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.kept, key)
	return nil
}
