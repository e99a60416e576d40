# For a tap: Formula/kubesketch.rb.
class Kubesketch < Formula
  desc "Draws what can reach what in Kubernetes manifests"
  homepage "@ADDRESS@"
  version "@VERSION@"
  license any_of: ["MIT", "Apache-2.0"]

  on_macos do
    on_arm do
      url "@ADDRESS@/releases/download/v@VERSION@/kubesketch-@VERSION@-aarch64-apple-darwin.tar.gz"
      sha256 "@aarch64-apple-darwin@"
    end
    on_intel do
      url "@ADDRESS@/releases/download/v@VERSION@/kubesketch-@VERSION@-x86_64-apple-darwin.tar.gz"
      sha256 "@x86_64-apple-darwin@"
    end
  end

  on_linux do
    on_arm do
      url "@ADDRESS@/releases/download/v@VERSION@/kubesketch-@VERSION@-aarch64-unknown-linux-musl.tar.gz"
      sha256 "@aarch64-unknown-linux-musl@"
    end
    on_intel do
      url "@ADDRESS@/releases/download/v@VERSION@/kubesketch-@VERSION@-x86_64-unknown-linux-musl.tar.gz"
      sha256 "@x86_64-unknown-linux-musl@"
    end
  end

  def install
    bin.install "kubesketch"
    bin.install_symlink "kubesketch" => "kubectl-sketch"
    bash_completion.install "completions/kubesketch.bash" => "kubesketch"
    zsh_completion.install "completions/_kubesketch"
    fish_completion.install "completions/kubesketch.fish"
    man1.install "man/kubesketch.1"
  end

  test do
    (testpath/"web.yaml").write <<~YAML
      apiVersion: v1
      kind: Service
      metadata: {name: web}
      spec: {type: LoadBalancer, ports: [{port: 80}]}
    YAML
    assert_match "<svg", shell_output("#{bin}/kubesketch draw web.yaml -o svg")
  end
end
