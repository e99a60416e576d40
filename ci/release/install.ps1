# Installs kubesketch @VERSION@: powershell -File install.ps1 [-Folder FOLDER]. Without Folder, into a folder of the user's programs.
# Downloads the archive, checks its digest, which stands below, and puts kubesketch.exe and kubectl-sketch.exe into the folder. Changes nothing else.
param([string]$Folder = (Join-Path $env:LOCALAPPDATA 'Programs\kubesketch'))
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$expected = '@x86_64-pc-windows-msvc@'
$name = 'kubesketch-@VERSION@-x86_64-pc-windows-msvc.tar.gz'
$releases = if ($env:KUBESKETCH_RELEASES) { $env:KUBESKETCH_RELEASES } else { '@ADDRESS@/releases/download' }
$place = Join-Path ([IO.Path]::GetTempPath()) ([Guid]::NewGuid())
New-Item -ItemType Directory -Path $place | Out-Null
try {
    $archive = Join-Path $place $name
    Invoke-WebRequest -UseBasicParsing -Uri "$releases/v@VERSION@/$name" -OutFile $archive
    $found = (Get-FileHash -Algorithm SHA256 -LiteralPath $archive).Hash.ToLowerInvariant()
    if ($found -ne $expected) { throw "$name has the SHA-256 $found and not $expected" }
    & "$env:SystemRoot\System32\tar.exe" -xzf $archive -C $place kubesketch.exe
    if ($LASTEXITCODE -ne 0) { throw "$name does not hold kubesketch.exe" }
    New-Item -ItemType Directory -Force -Path $Folder | Out-Null
    foreach ($program in 'kubesketch.exe', 'kubectl-sketch.exe') {
        Copy-Item -Force -LiteralPath (Join-Path $place 'kubesketch.exe') -Destination (Join-Path $Folder $program)
    }
    Write-Output "installed $(& (Join-Path $Folder 'kubesketch.exe') --version) in $Folder"
    if (($env:Path -split ';') -notcontains $Folder) { Write-Output "add it to your Path: $Folder" }
} finally {
    Remove-Item -Recurse -Force -LiteralPath $place
}
