package plugin

import (
	"errors"
	"io"
	"os"
	"strings"
)

// files are the streams of a program in a pod. The pod has none of the files here, so one that -f names is sent as the
// program's standard input, or, of an export, written from its standard output.
type files struct {
	args   []string // of the program
	in     io.Reader
	out    io.Writer
	opened []io.Closer
}

func (f *files) close() error {
	var errs []error
	for _, c := range f.opened {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// openFiles opens what the command line names.
func (s *session) openFiles() (*files, error) {
	args, names := takeFiles(s.in.rest, "f")
	f := &files{args: args, out: s.Out}
	if rest, mappings := takeFiles(args, "mapping"); s.in.command == "check" && len(mappings) > 0 {
		if len(names) == 0 {
			names = []string{"-"}
		}
		f.args = append(rest, "-f", "-", "--mapping", "-")
		return f, f.read(append(mappings, names[len(names)-1]), s.In) // the payload is the last document
	}
	if len(names) == 0 {
		f.in = s.unnamed()
		return f, nil
	}
	f.args = append(f.args, "-f", "-")
	if s.in.command == "export" {
		return f, f.write(names)
	}
	return f, f.read(names, s.In)
}

// unnamed is the input of a command without -f, nil: none. A terminal is read only where the command does nothing else.
func (s *session) unnamed() io.Reader {
	reads := s.in.command == "import" || s.in.command == "check"
	if reads || (!s.Terminal && s.in.command == "diff") {
		return s.In
	}
	return nil
}

// takeFiles takes the flags of a name out of a command line.
func takeFiles(args []string, name string) (rest, names []string) {
	for i := 0; i < len(args); i++ {
		flag, value, inline := strings.Cut(args[i], "=")
		switch {
		case flag != "-"+name && flag != "--"+name:
			rest = append(rest, args[i])
		case inline:
			names = append(names, value)
		case i+1 < len(args):
			i++
			names = append(names, args[i])
		default: // the program says what is missing
			rest = append(rest, args[i])
		}
	}
	return rest, names
}

// read makes one input of several files, which are documents of YAML if there is more than one.
func (f *files) read(names []string, standard io.Reader) error {
	var parts []io.Reader
	for i, name := range names {
		if i > 0 {
			parts = append(parts, strings.NewReader("\n---\n"))
		}
		if name == "-" {
			parts = append(parts, standard)
			continue
		}
		file, err := os.Open(name)
		if err != nil {
			return errors.Join(err, f.close())
		}
		f.opened = append(f.opened, file)
		parts = append(parts, file)
	}
	f.in = io.MultiReader(parts...)
	return nil
}

// write makes the last of the files the output.
func (f *files) write(names []string) error {
	name := names[len(names)-1]
	if name == "-" {
		return nil
	}
	// An export has personal data.
	file, err := os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	f.opened, f.out = append(f.opened, file), file
	return nil
}
