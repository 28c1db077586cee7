# What the faults are tried on: jobs of a few seconds, on drawn faces, in a folder of their own. Sourced, with FACEREC set.
#
#   prepare                the faces and the model, in the working folder
#   call JOB FOLDER        does the job in FOLDER; called again, it goes on with what is there
#   result JOB FOLDER      prints what the job left, without what is derived or tells of the calls themselves
set -euo pipefail
jobs="synth embed pack align enroll train train_two eval export calibrate identify"
export OMP_WAIT_POLICY=passive

prepare() {
  export XDG_CACHE_HOME=$PWD/cache
  "$FACEREC" synth faces --identities "$1" --images-per-identity 10 --size 112 --pairs 60 --quiet >/dev/null
  echo 'model: {name: ir_tiny, embedding_size: 64}' >model.yaml
  "$FACEREC" train model.yaml --data faces/train --set train.max_steps=2 --set train.batch_size=8 --quiet >/dev/null
  "$FACEREC" export "$(ls -d runs/model_*)" model.safetensors --quiet >/dev/null
  "$FACEREC" enroll --gallery people.gallery --model model.safetensors faces/eval --quiet >/dev/null
  "$FACEREC" identify --gallery people.gallery --model model.safetensors faces/eval --threshold 0.5 --quiet >/dev/null
  cat >train.yaml <<'END'
model: {name: ir_tiny, embedding_size: 64, dropout: 0.2}
train: {epochs: 1, batch_size: 20, precision: fp32, memory_format: channels_first}
checkpoint: {every_steps: 5}
run: {name: job, device: cpu, threads: 1}
END
  faces=$PWD/faces/train model=$PWD/model.safetensors home=$PWD
}

call() (
  cd "$2"
  case $1 in
    synth) "$FACEREC" synth faces --identities 12 --images-per-identity 6 --size 112 --pairs 20 --force ;;
    embed) "$FACEREC" embed --model "$model" "$faces" --out e.npy --resume --precision fp32 --threads 1 ;;
    pack) "$FACEREC" pack "$faces" packed --to recordio --resume ;;
    align) "$FACEREC" align "$faces" aligned --detector haar --fallback center --resume ;;
    enroll) "$FACEREC" enroll --gallery g.gallery --model "$model" "$faces" --threads 1 ;;
    train) "$FACEREC" train "$home/train.yaml" --data "$faces" --resume auto ;;
    train_two) "$FACEREC" train "$home/train.yaml" --data "$faces" --nproc 2 --resume auto ;;
    eval) "$FACEREC" eval --model "$model" --data "$home/faces/eval" --out report --precision fp32 --no-cache ;;
    export) "$FACEREC" export "$model" model.onnx --force ;;
    calibrate) "$FACEREC" calibrate --model "$model" --data "$faces" --out c.json --precision fp32 --force ;;
    identify)
      "$FACEREC" identify --gallery "$home/people.gallery" --model "$model" "$home/faces/eval" --annotate drawn \
        --threshold 0.5 --precision fp32 --force >found.txt ;;
  esac
)

result() (
  cd "$2"
  case $1 in
    enroll)
      "$FACEREC" enroll --gallery g.gallery --export all.json --force --json >/dev/null
      sed 's/"created[^,]*,//; s/"enrolled[^,]*,//' all.json
      rm all.json ;;
    eval)
      grep -v '"time"' report/evaluation.json
      sha256sum report/*.png report/*.svg report/*.txt ;;
    train | train_two)
      cd "$(printf '%s\n' runs/job_*/checkpoints/step_* | tail -n 1)"
      sha256sum -- *.safetensors ;;
    *) find . -type f ! -name '*.log' ! -name '*.facerec-index' | sort | xargs sha256sum ;;
  esac
)
