package webhook

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"syscall"
	"time"
)

// SendError is an attempt without an answer. Its text holds neither the URL, which may have a secret in its query, nor
// anything of the message: it may stand in a log and in a status.
type SendError struct {
	Reason string // Timeout, AddressRefused, NameNotFound, ConnectionRefused, Certificate, AnswerCutOff, Format, Connection
	cause  error
}

func (e *SendError) Error() string {
	text, ok := texts[e.Reason]
	if !ok {
		text = "the connection failed"
	}
	if e.cause != nil {
		text += ": " + e.cause.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *SendError) Unwrap() error { return e.cause }

var texts = map[string]string{
	"Timeout":           "no answer within the timeout",
	"Canceled":          "the attempt was given up",
	"AddressRefused":    "the webhook is not called",
	"NameNotFound":      "the host's name is not found",
	"ConnectionRefused": "the connection was refused",
	"Certificate":       "the certificate is not accepted; set caBundle if it comes from a CA of your own",
	"AnswerCutOff":      "the answer was cut off",
	"Format":            "the message cannot be sent",
}

func sendError(err error) *SendError {
	if wrapped := (*url.Error)(nil); errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	reason := reasonOf(err)
	switch reason {
	case "Timeout", "Canceled": // the cause says no more, and may be of several forms
		err = nil
	}
	return &SendError{Reason: reason, cause: err}
}

func reasonOf(err error) string {
	var (
		address *AddressError
		name    *net.DNSError
		verify  *tls.CertificateVerificationError
		unknown x509.UnknownAuthorityError
		timeout net.Error
	)
	switch {
	case errors.As(err, &address):
		return "AddressRefused"
	case errors.Is(err, context.Canceled):
		return "Canceled"
	case errors.As(err, &name) && !name.IsTimeout:
		return "NameNotFound"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "Timeout"
	case errors.As(err, &verify), errors.As(err, &unknown):
		return "Certificate"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "ConnectionRefused"
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET):
		return "AnswerCutOff"
	}
	return "Connection"
}

// retryAfter reads both forms of RFC 9110 §10.2.3: seconds, and a date.
func retryAfter(value string, now time.Time) time.Duration {
	if value == "" {
		return 0
	}
	if seconds, err := strconv.ParseInt(value, 10, 64); err == nil {
		return time.Duration(min(max(seconds, 0), 365*24*3600)) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}
