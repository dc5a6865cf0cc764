package bot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"

	"helloworld/connectors"
)

// maxPhoto is the largest picture kept with its message, maxPhotos how many are
// fetched for one, and photoTime how long the card waits for all of them.
const (
	maxPhoto  = 5 << 20
	maxPhotos = 8
	photoTime = 10 * time.Second
)

// attachments is a shop that brings a file of a message itself, because the file
// cannot be had without the account's credentials.
type attachments interface {
	Attachment(ctx context.Context, f connectors.Attachment) ([]byte, error)
}

// Web makes the client that fetches what platforms only link to. It carries no
// credentials and remembers nothing. Since links come from outside, it reaches
// public addresses only, and besides them the servers in near ("host:port").
func Web(near ...string) *http.Client {
	guarded := &net.Dialer{Timeout: photoTime, Control: func(_, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil || !public(at.Addr().Unmap()) {
			return fmt.Errorf("%s is not a public address", address)
		}
		return nil
	}}
	open := &net.Dialer{Timeout: photoTime}
	t := &http.Transport{TLSHandshakeTimeout: photoTime, ResponseHeaderTimeout: photoTime, IdleConnTimeout: 30 * time.Second,
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			if slices.Contains(near, addr) {
				return open.DialContext(ctx, network, addr)
			}
			return guarded.DialContext(ctx, network, addr)
		}}
	return &http.Client{Transport: t, Timeout: photoTime, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		if len(via) > 3 {
			return errors.New("too many redirections")
		}
		return checkLink(r.URL)
	}}
}

func public(a netip.Addr) bool {
	shared := netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64}), 10)
	return a.IsGlobalUnicast() && !a.IsPrivate() && !shared.Contains(a)
}

func checkLink(u *url.URL) error {
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return errors.New("not a plain web address")
	}
	return nil
}

// fetchPictures brings the pictures that a message only links to, so that they
// are shown on its card however the chat treats links, and even after the
// platform has thrown them away. One that cannot be had stays a link. It tells
// whether anything was fetched.
func (d *Desk) fetchPictures(ctx context.Context, s *Store, l *Letter) bool {
	ctx, cancel := context.WithTimeout(ctx, photoTime)
	defer cancel()
	got, tried := false, 0
	l.Files = slices.Clone(l.Files)
	for i := range l.Files {
		f := &l.Files[i]
		if len(f.Data) > 0 || f.URL == "" || !strings.HasPrefix(f.MIME, "image/") || tried >= maxPhotos {
			continue
		}
		tried++
		data, err := d.fetchPicture(ctx, s, *f)
		kind := http.DetectContentType(data)
		switch {
		case err != nil:
		case len(data) > maxPhoto:
			err = errors.New("it is too large")
		case !strings.HasPrefix(kind, "image/"):
			err = fmt.Errorf("it is %s and no picture", kind)
		}
		if err != nil {
			d.Log.WarnContext(ctx, "a picture could not be fetched and stays a link", "store", l.Store, "message", l.ID, "err", err)
			continue
		}
		f.Data, f.MIME, f.Size, got = data, kind, int64(len(data)), true
	}
	return got
}

func (d *Desk) fetchPicture(ctx context.Context, s *Store, f connectors.Attachment) ([]byte, error) {
	if shop, ok := s.Shop.(attachments); ok {
		return shop.Attachment(ctx, f)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, f.URL, nil)
	if err != nil {
		return nil, errors.New("its address cannot be read")
	}
	if err := checkLink(r.URL); err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "image/*")
	res, err := d.Web.Do(r)
	if err != nil {
		// The address may itself be the permission to see the picture: it stays out of the log.
		var ue *url.Error
		if errors.As(err, &ue) {
			err = ue.Err
		}
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the answer is %s", res.Status)
	}
	return io.ReadAll(io.LimitReader(res.Body, maxPhoto+1))
}
