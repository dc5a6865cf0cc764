package store

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// KeySize is the length of a sealing key in bytes.
const KeySize = 32

// ErrOtherKey is returned for what was sealed with a key that is not at hand.
var ErrOtherKey = errors.New("store: sealed with another key: bring back the key it was sealed with, or enter the secret again")

// ErrBroken is returned for what is not as it was sealed, or belongs elsewhere.
var ErrBroken = errors.New("store: a sealed secret is damaged or was moved from another place: enter it again")

// sealedV1 is the first byte of a sealed text, and keyID the length of the name
// of its key, which follows.
const (
	sealedV1 = 1
	keyID    = 4
)

// Sealer keeps secrets unreadable in the database (AES-256-GCM). The id of the
// key stands before each, so that keys can be changed one after another.
type Sealer struct {
	first [keyID]byte
	keys  map[[keyID]byte]cipher.AEAD
}

// NewSealer seals with key, and opens what was sealed with it or with an older
// one.
func NewSealer(key []byte, older ...[]byte) (*Sealer, error) {
	s := &Sealer{first: nameOf(key), keys: map[[keyID]byte]cipher.AEAD{}}
	for _, k := range append([][]byte{key}, older...) {
		if len(k) != KeySize {
			return nil, fmt.Errorf("store: a sealing key has %d bytes, not %d", KeySize, len(k))
		}
		block, err := aes.NewCipher(k)
		if err != nil {
			return nil, fmt.Errorf("store: sealing key: %w", err)
		}
		aead, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			return nil, fmt.Errorf("store: sealing key: %w", err)
		}
		s.keys[nameOf(k)] = aead
	}
	return s, nil
}

// nameOf is a key's id, from which the key cannot be told.
func nameOf(key []byte) (id [keyID]byte) {
	sum := sha256.Sum256(append([]byte("helloworld desk key id\x00"), key...))
	copy(id[:], sum[:])
	return id
}

// Seal seals plain. It can be opened only with the same about, which names what
// the secret belongs to.
func (s *Sealer) Seal(plain []byte, about string) ([]byte, error) {
	head := append([]byte{sealedV1}, s.first[:]...)
	return s.keys[s.first].Seal(head, nil, plain, []byte(about)), nil
}

// Open opens what Seal has sealed.
func (s *Sealer) Open(sealed []byte, about string) ([]byte, error) {
	if len(sealed) < 1+keyID || sealed[0] != sealedV1 {
		return nil, ErrBroken
	}
	aead := s.keys[[keyID]byte(sealed[1:1+keyID])]
	if aead == nil {
		return nil, ErrOtherKey
	}
	plain, err := aead.Open(nil, nil, sealed[1+keyID:], []byte(about))
	if err != nil {
		return nil, ErrBroken
	}
	return plain, nil
}

// Stale tells whether sealed was sealed with another key than the first, and
// should be sealed anew.
func (s *Sealer) Stale(sealed []byte) bool {
	return len(sealed) < 1+keyID || [keyID]byte(sealed[1:1+keyID]) != s.first
}

// String hides the keys.
func (s *Sealer) String() string { return "•••" }

// GoString hides the keys.
func (s *Sealer) GoString() string { return "•••" }

// LoadKey returns the sealing key: env in base64, if it is not empty; else what
// is in the file at path, which is made with a new key if it is not there. The
// file must be readable by its owner alone.
func LoadKey(env, path string) ([]byte, error) {
	if env = strings.TrimSpace(env); env != "" {
		return decodeKey(env, "the environment")
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return makeKey(path)
	}
	if err != nil {
		return nil, fmt.Errorf("store: reading the key file: %w", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("store: reading the key file: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("store: the key file %s can be read by others (mode %04o): set it to 0600",
			filepath.Base(path), info.Mode().Perm())
	}
	return decodeKey(strings.TrimSpace(string(text)), "the key file")
}

func decodeKey(text, from string) ([]byte, error) {
	text = strings.TrimRight(strings.NewReplacer("-", "+", "_", "/").Replace(text), "=")
	key, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil || len(key) != KeySize {
		// Not err: it would quote from the key.
		return nil, fmt.Errorf("store: the key in %s is not %d bytes in base64", from, KeySize)
	}
	return key, nil
}

func makeKey(path string) ([]byte, error) {
	key := make([]byte, KeySize)
	if _, err := rand.Read(key); err != nil {
		return nil, fmt.Errorf("store: making a key: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("store: making the key file: %w", err)
	}
	// Written whole under another name and linked, so that two starts at once
	// cannot end up with two keys, nor a crash with half of one.
	tmp, err := os.CreateTemp(filepath.Dir(path), ".key-*")
	if err != nil {
		return nil, fmt.Errorf("store: making the key file: %w", err)
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.WriteString(base64.StdEncoding.EncodeToString(key) + "\n")
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return nil, fmt.Errorf("store: making the key file: %w", err)
	}
	err = os.Link(tmp.Name(), path)
	if errors.Is(err, fs.ErrExist) {
		return LoadKey("", path)
	}
	if err != nil {
		return nil, fmt.Errorf("store: making the key file: %w", err)
	}
	return key, nil
}
