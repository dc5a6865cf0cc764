package audit

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"strconv"
)

// chain hashes lines. It keeps its buffers, since a million lines are hashed in
// a row; it is one goroutine's.
type chain struct {
	mac  hash.Hash
	text []byte
	sum  [sha256.Size]byte
	hex  [2 * sha256.Size]byte
}

func (l *Log) chain() *chain { return &chain{mac: hmac.New(sha256.New, l.key)} }

// hash is a line's hash, given the one before it.
func (c *chain) hash(prev string, x Line) string { return string(c.raw(prev, &x)) }

// holds tells whether a line's hash is right, without an allocation.
func (c *chain) holds(prev string, x *Line) bool { return string(c.raw(prev, x)) == x.Hash }

// as tells whether a line's hash is right if the line were number n.
func (c *chain) as(n int64, prev string, x Line) bool {
	x.N = n
	return c.holds(prev, &x)
}

func (c *chain) raw(prev string, x *Line) []byte {
	var n, at [20]byte
	c.text = c.text[:0]
	c.field(prev)
	c.digits(strconv.AppendInt(n[:0], x.N, 10))
	c.digits(strconv.AppendInt(at[:0], x.At, 10))
	c.field(x.Who)
	c.field(x.What)
	c.field(x.About)
	c.field(x.Detail)
	c.mac.Reset()
	c.mac.Write(c.text)
	hex.Encode(c.hex[:], c.mac.Sum(c.sum[:0]))
	return c.hex[:]
}

// field adds a field. Lengths keep fields apart: "ab"+"c" is not "a"+"bc".
func (c *chain) field(s string) {
	c.text = append(append(strconv.AppendInt(c.text, int64(len(s)), 10), ':'), s...)
}

func (c *chain) digits(s []byte) {
	c.text = append(append(strconv.AppendInt(c.text, int64(len(s)), 10), ':'), s...)
}
