// Command desk is HelloWorld Desk: it runs the desk, a demonstration of it with
// sandbox shops, and the tools around it.
//
// # Why
//
// main only calls run, which takes everything from the outside as arguments, so
// that tests start the whole program in their own process.
//
// A few seconds after it is ready the desk gives back what only its start
// needed: half of what it occupies then is patterns being compiled, and code
// that never runs again.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	_ "time/tzdata" // cards name time zones, and a container may have none

	"github.com/alecthomas/kong"

	"helloworld/i18n"
)

// version is set when a release is built.
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr))
}

// world is what the program is given from outside.
type world struct {
	ctx    context.Context
	getenv func(string) string
	in     io.Reader
	out    io.Writer
	err    io.Writer
}

// printerOf speaks the language of the environment; English where it has none.
func printerOf(w *world) *i18n.Printer {
	lang := w.getenv("LANG")
	if lang == "" || lang == "C" || lang == "POSIX" || strings.HasPrefix(lang, "C.") {
		lang = "en"
	}
	return i18n.ForLocale(lang)
}

// outFile opens a file that is to be written anew; "-" is the output.
func (w *world) outFile(name string) (out io.Writer, closed func() error, err error) {
	if name == "-" {
		return w.out, func() error { return nil }, nil
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, nil, err
	}
	return f, f.Close, nil
}

// cli is the command line.
type cli struct {
	Serve     serveCmd     `cmd:"" help:"Run the desk."`
	Demo      demoCmd      `cmd:"" help:"Run the desk with sandbox shops and the web console; no account is needed."`
	Sandbox   sandboxCmd   `cmd:"" help:"Run only the sandbox shops and the chats' fakes."`
	Init      initCmd      `cmd:"" help:"Write a first configuration by asking."`
	Connect   connectCmd   `cmd:"" help:"Connect a store: through the platform's page, or with a token that is handed in."`
	Check     checkCmd     `cmd:"" help:"Try every credential and tell what is wrong and what to do."`
	Translate translateCmd `cmd:"" help:"Translate a text as the desk would."`
	Memory    memoryCmd    `cmd:"" help:"What the desk remembers of translations that people let go out."`
	Glossary  glossaryCmd  `cmd:"" help:"The glossary: exchange entries with translators and other programs, check, compare."`
	Track     trackCmd     `cmd:"" help:"Tell which carriers a tracking number may be of."`
	Policy    policyCmd    `cmd:"" help:"The rules about refunds."`
	Refunds   refundsCmd   `cmd:"" help:"Refunds, for finance."`
	Audit     auditCmd     `cmd:"" help:"The audit log."`
	Batch     batchCmd     `cmd:"" help:"Many refunds at once."`
	Generate  generateCmd  `cmd:"" help:"Write the generated files: manifests, example configuration."`
	Version   versionCmd   `cmd:"" help:"Print the version."`
}

// errQuiet ends the program with status 1; what is wrong was already printed.
var errQuiet = errors.New("quiet")

// exited carries kong's wish to end out of its parser.
type exited int

// run is the program.
func run(ctx context.Context, args []string, getenv func(string) string, in io.Reader, out, errw io.Writer) (code int) {
	defer func() {
		switch x := recover().(type) {
		case nil:
		case exited:
			code = int(x)
		default:
			panic(x)
		}
	}()
	var c cli
	k, err := kong.New(&c, kong.Name("desk"), kong.Description("Chat-ops desk for cross-border sellers."), kong.Writers(out, errw),
		kong.Exit(func(n int) { panic(exited(n)) }), kong.UsageOnError())
	if err != nil {
		fmt.Fprintln(errw, err)
		return 2
	}
	kctx, err := k.Parse(args)
	if err != nil {
		fmt.Fprintln(errw, "desk:", err)
		return 2
	}
	err = kctx.Run(&world{ctx, getenv, in, out, errw})
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errQuiet):
		return 1
	}
	fmt.Fprintln(errw, "desk:", err)
	return 1
}

type versionCmd struct{}

// Run prints the version.
func (versionCmd) Run(w *world) error {
	_, err := fmt.Fprintln(w.out, "desk", version)
	return err
}
