package mail

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-smtp"

	"helloworld/connectors"
)

// fail makes an error of ours. The password is cut out of the cause, since some
// servers repeat in their answer what they were told.
func (m *Mailbox) fail(kind connectors.Kind, op, code string, err error) error {
	if err != nil {
		if p := string(m.c.Password); len(p) > 0 && strings.Contains(err.Error(), p) {
			err = errors.New(strings.ReplaceAll(err.Error(), p, "•••"))
		}
	}
	return &connectors.Error{Kind: kind, Platform: platform, Op: op, Code: code, Err: err}
}

// imapError says what a mailbox server's refusal means. Reading changes nothing,
// so that a lost connection is Down and never Unsure.
func (m *Mailbox) imapError(op string, err error) error {
	if err == nil {
		return nil
	}
	var known *connectors.Error
	if errors.As(err, &known) {
		return err
	}
	var e *imap.Error
	if !errors.As(err, &e) {
		return m.fail(connectors.Down, op, "", err)
	}
	kind := connectors.Down
	switch e.Code {
	case imap.ResponseCodeAuthenticationFailed, imap.ResponseCodeAuthorizationFailed, imap.ResponseCodeExpired:
		kind = connectors.Reauthorise
	case imap.ResponseCodeNonExistent, imap.ResponseCodeTryCreate:
		kind = connectors.NotFound
	case imap.ResponseCodeNoPerm, imap.ResponseCodePrivacyRequired, imap.ResponseCodeContactAdmin:
		kind = connectors.Unsupported
	case imap.ResponseCodeInUse, imap.ResponseCodeLimit, imap.ResponseCodeUnavailable:
		kind = connectors.Busy
	default:
		// Servers that give no code say NO to a wrong password and to a folder
		// that is not there.
		switch {
		case e.Type == imap.StatusResponseTypeNo && op == "login":
			kind = connectors.Reauthorise
		case e.Type == imap.StatusResponseTypeNo && op == "open":
			kind = connectors.NotFound
		}
	}
	err = m.fail(kind, op, string(e.Code), err)
	return laterBy(time.Minute, err)
}

// smtpError says what it means that a mail was not taken. sent tells that the
// final dot had been written: then an answer is certain, and silence is not.
func (m *Mailbox) smtpError(op string, err error, sent bool) error {
	var known *connectors.Error
	if errors.As(err, &known) {
		return err
	}
	var e *smtp.SMTPError
	if !errors.As(err, &e) {
		if sent {
			return m.fail(connectors.Unsure, op, "", err)
		}
		return m.fail(connectors.Down, op, "", err)
	}
	code := fmt.Sprint(e.Code)
	if ec := e.EnhancedCode; ec != smtp.NoEnhancedCode && ec != smtp.EnhancedCodeNotSet {
		code += fmt.Sprintf(" %d.%d.%d", ec[0], ec[1], ec[2])
	}
	kind := connectors.Invalid
	switch {
	case e.Code == 530, e.Code == 534, e.Code == 535, e.Code == 538:
		kind = connectors.Reauthorise
	case e.Code/100 == 4:
		kind = connectors.Busy
	case e.Code/100 == 5 && (op == "greet" || op == "auth" || op == "copy"):
		// Not this mail is unwanted: the server has no use for us.
		kind = connectors.AppBroken
	case e.Code/100 != 5:
		kind = connectors.Down
		if sent {
			kind = connectors.Unsure
		}
	}
	return laterBy(time.Minute, m.fail(kind, op, code, err))
}

// laterBy says how long to wait, of an error that asks for patience.
func laterBy(d time.Duration, err error) error {
	var e *connectors.Error
	if errors.As(err, &e) && e.Kind == connectors.Busy {
		e.RetryAfter = d
	}
	return err
}
