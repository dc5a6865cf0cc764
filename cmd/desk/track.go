package main

import (
	"fmt"
	"log/slog"
	"strings"

	"helloworld/cmd/desk/config"
	"helloworld/connectors/tracking"
	"helloworld/i18n"
)

// openTracking makes the tracking services of the configuration, in its order;
// nil if there are none. known remembers what was registered with them.
func openTracking(cfg config.Config, known tracking.Ledger, log *slog.Logger) (*tracking.Services, error) {
	all, err := trackers(cfg)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return tracking.NewServices(tracking.Options{Trackers: all, Ledger: known, Log: log}), nil
}

// trackers are the tracking services of the configuration, each by itself.
func trackers(cfg config.Config) ([]tracking.Tracker, error) {
	var all []tracking.Tracker
	for _, c := range cfg.Tracking {
		tc := tracking.Config{Key: tracking.Secret(c.Key), PushKey: tracking.Secret(c.PushKey), BaseURL: c.BaseURL}
		var t tracking.Tracker
		var err error
		switch c.Kind {
		case tracking.SeventeenTrack:
			t, err = tracking.NewSeventeen(tc)
		case tracking.AfterShip:
			t, err = tracking.NewAfterShip(tc)
		default:
			err = fmt.Errorf("there is no service %q", c.Kind)
		}
		if err != nil {
			return nil, fmt.Errorf("tracking %s: %w", c.Name, err)
		}
		all = append(all, t)
	}
	return all, nil
}

type trackCmd struct {
	Carrier string   `help:"What carrier it is said to be."`
	Country string   `help:"Where it goes (two letters)."`
	Config  string   `default:"" type:"path" help:"Configuration with tracking services: they are asked where the parcel is."`
	Number  []string `arg:"" help:"Tracking number."`
}

// Run tells which carriers a number may be of. A wrong check digit ends with
// status 1.
func (c trackCmd) Run(w *world) error {
	p := printerOf(w)
	r := tracking.Parse(strings.Join(c.Number, " "), tracking.Hint{Carrier: c.Carrier, Country: c.Country})
	if r.Verdict == tracking.Wrong {
		fmt.Fprintln(w.err, p.T("track.wrong", "number", r.Number, "carrier", r.Candidates[0].Name))
		return errQuiet
	}
	fmt.Fprintf(w.out, "%s  %s\n", r.Number, r.Verdict)
	for _, x := range r.Candidates {
		fmt.Fprintf(w.out, "%3d  %-14s %-24s check digit: %-5s %s\n", x.Confidence, x.Carrier, x.Name, x.Check, x.URL)
	}
	if len(r.Candidates) == 0 {
		fmt.Fprintln(w.out, p.T("track.unknown"))
	}
	if c.Config == "" {
		return nil
	}
	cfg, err := config.Load(c.Config, w.getenv)
	if err != nil {
		return err
	}
	services, err := openTracking(cfg, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	if services == nil {
		fmt.Fprintln(w.out, p.T("track.no_service"))
		return nil
	}
	parcel := tracking.Parcel{Number: r.Number, Country: c.Country}
	if c.Carrier != "" || r.Verdict == tracking.Valid {
		parcel.Carrier = r.Best()
	}
	a, err := services.Status(w.ctx, parcel)
	if err != nil {
		return fmt.Errorf("asking where it is: %w", err)
	}
	fmt.Fprintf(w.out, "%s: %s\n", a.Service, p.T(i18n.Key("track.state."+string(a.Track.State))))
	if a.Backup {
		fmt.Fprintln(w.out, p.T("track.backup", "service", a.Service, "first", services.Names()[0],
			"why", p.T(i18n.Key("track.why."+tracking.KindOf(a.Why).String()))))
	}
	for _, e := range a.Track.Events {
		fmt.Fprintf(w.out, "  %s  %s  %s\n", p.When(e.At, nil), e.Place, e.Text)
	}
	return nil
}
